#include "core/rank_agreement.h"

#include <algorithm>
#include <numeric>

namespace intrain {

void check_same(Reducer& reducer, const std::string& what, uint64_t here, const std::string& hint) {
  if (reducer.ranks() == 1) return;
  std::vector<int64_t> all(static_cast<size_t>(reducer.ranks()));
  all[static_cast<size_t>(reducer.rank())] = static_cast<int64_t>(here);
  reducer.sum(all.data(), reducer.ranks());
  constexpr int kNamed = 8;
  std::string others;
  int count = 0;
  for (int r = 1; r < reducer.ranks(); ++r)
    if (all[static_cast<size_t>(r)] != all[0] && ++count <= kNamed) others += (others.empty() ? "" : ", ") + reducer.name_of(r);
  if (count > kNamed) others += " and " + std::to_string(count - kNamed) + " more";
  if (count > 0) throw Error(what + " of " + reducer.name_of(0) + " and those of " + others + " are not the same", "", hint);
}

std::vector<std::string> texts_of_ranks(Reducer& reducer, const std::string& mine) {
  if (reducer.ranks() == 1) return {mine};
  std::vector<int64_t> sizes(static_cast<size_t>(reducer.ranks()));
  const auto here = sizes.begin() + reducer.rank();
  *here = static_cast<int64_t>(mine.size());
  reducer.sum(sizes.data(), reducer.ranks());
  // Each byte is 0 but on one rank, so that their sum is all of them.
  std::vector<int32_t> bytes(static_cast<size_t>(std::accumulate(sizes.begin(), sizes.end(), int64_t{0})));
  std::transform(mine.begin(), mine.end(), bytes.begin() + std::accumulate(sizes.begin(), here, int64_t{0}),
                 [](char c) { return static_cast<uint8_t>(c); });
  if (!bytes.empty()) reducer.sum(bytes.data(), static_cast<int64_t>(bytes.size()));
  std::vector<std::string> texts;
  auto at = bytes.begin();
  for (const int64_t size : sizes) {
    std::string& text = texts.emplace_back(static_cast<size_t>(size), '\0');
    std::transform(at, at + size, text.begin(), [](int32_t byte) { return static_cast<char>(byte); });
    at += size;
  }
  return texts;
}

}  // namespace intrain
