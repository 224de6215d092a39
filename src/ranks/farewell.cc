#include "ranks/farewell.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "core/hash.h"

namespace intrain {

namespace {

uint64_t number_of(const Error& error) {
  const std::string text = error.what() + ("\n" + error.setting) + "\n" + error.where + "\n" + error.hint;
  return hash64(text.data(), text.size()) | 1;  // 0 is none
}

}  // namespace

Farewell part_with(MpiRanks& ranks, const Error& error) {
  constexpr int kPatienceMs = 1000;
  if (const auto* lost = dynamic_cast<const LostRank*>(&error)) {
    // The launcher may end this process any moment.
    const bool tells = ranks.tells(lost->rank);
    if (!tells) std::this_thread::sleep_for(std::chrono::seconds(2));
    return {tells, false};
  }
  const uint64_t mine = number_of(error);
  const auto all = ranks.end(mine, kPatienceMs);
  bool told = all && dynamic_cast<const ToldElsewhere*>(&error) != nullptr;
  for (int r = 0; all && r < ranks.rank(); ++r) told = told || (*all)[static_cast<size_t>(r)] == mine;
  return {!told, all.has_value()};
}

}  // namespace intrain
