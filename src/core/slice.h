// How ranks share out a batch: in their order, and as evenly as it goes.
#pragma once

#include <cstdint>

namespace intrain {

struct Slice {
  int64_t first, count;
};

// Of `count` things those of one rank: floor(rank count / ranks) up to floor((rank + 1) count / ranks). Each has one or more if there are no
// more ranks than things. 0 <= rank < ranks; both factors are below 2^31.
constexpr Slice slice_of(int64_t count, int rank, int ranks) {
  const int64_t first = rank * count / ranks;
  return {first, (rank + int64_t{1}) * count / ranks - first};
}
// The most that a rank has of up to `count`.
constexpr int64_t largest_slice(int64_t count, int ranks) { return (count + ranks - 1) / ranks; }

static_assert(slice_of(7, 0, 3).count == 2 && slice_of(7, 1, 3).first == 2 && slice_of(7, 2, 3).count == 3 &&
              largest_slice(7, 3) == 3);

}  // namespace intrain
