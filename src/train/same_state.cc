#include "train/same_state.h"

#include <algorithm>
#include <bit>
#include <string>

#include "checkpoint/signature.h"
#include "core/error.h"

namespace intrain {

namespace {

constexpr const char* kStateHint =
    "memory or a processor failed there: check the machine; the run goes on from its newest checkpoint, which was compared "
    "before it was written";

// hashes: by rank. Those that have not the most frequent one, "rank 2"; where no hash is more frequent than all others, all ranks.
std::string odd_ranks(const Reducer& reducer, const std::vector<int64_t>& hashes) {
  const auto count = [&](int64_t hash) { return std::count(hashes.begin(), hashes.end(), hash); };
  int64_t usual = hashes[0];
  for (const int64_t hash : hashes)
    if (count(hash) > count(usual)) usual = hash;
  const bool tied = std::any_of(hashes.begin(), hashes.end(), [&](int64_t h) { return h != usual && count(h) == count(usual); });
  std::string names;
  for (size_t r = 0; r < hashes.size(); ++r)
    if (hashes[r] != usual || tied) names += (names.empty() ? "" : ", ") + reducer.name_of(static_cast<int>(r));
  return names;
}

}  // namespace

void check_same_state(Reducer& reducer, const std::vector<StateArray>& state, int64_t step) {
  if (reducer.ranks() == 1) return;
  const auto whole = std::bit_cast<int64_t>(state_signature(state, step));
  // The largest and, as a complement, the smallest.
  int64_t ends[2] = {whole, ~whole};
  reducer.max(ends, 2);
  if (ends[0] == ~ends[1]) return;
  // One hash is not 0 at each place, so that the sums are all hashes of all ranks, [array][rank].
  const std::vector<uint64_t> mine = array_hashes(state);
  const auto ranks = static_cast<size_t>(reducer.ranks());
  std::vector<int64_t> all(mine.size() * ranks);
  for (size_t i = 0; i < mine.size(); ++i) all[i * ranks + static_cast<size_t>(reducer.rank())] = std::bit_cast<int64_t>(mine[i]);
  reducer.sum(all.data(), static_cast<int64_t>(all.size()));
  for (size_t i = 0; i < mine.size(); ++i) {
    const std::vector<int64_t> hashes(all.begin() + static_cast<int64_t>(i * ranks),
                                      all.begin() + static_cast<int64_t>((i + 1) * ranks));
    if (std::any_of(hashes.begin(), hashes.end(), [&](int64_t h) { return h != hashes[0]; }))
      throw Error("the ranks have come apart: after step " + std::to_string(step) + " " + state[i].name + " of " +
                      odd_ranks(reducer, hashes) + " is not that of the others",
                  "", kStateHint);
  }
  throw Error("the ranks hashed one state differently after step " + std::to_string(step), "", kStateHint);
}

}  // namespace intrain
