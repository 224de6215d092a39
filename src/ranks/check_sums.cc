#include "ranks/check_sums.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/slice.h"

namespace intrain {

namespace {

// More than goes in one piece (ranks/mpi/plugin.cc), and not a multiple of anything.
constexpr int64_t kMany = (int64_t{1} << 20) + 3;

// Rank r has slope(i) r + i: no two ranks the same, and the largest is the first's or the last's.
constexpr int64_t slope(int64_t i) { return i % 7 - 3; }
constexpr int64_t number(int64_t i, int64_t rank) { return slope(i) * rank + i; }

int64_t expected(ReduceOp op, int64_t i, int64_t ranks) {
  if (op == ReduceOp::kMax) return std::max(number(i, 0), number(i, ranks - 1));
  return slope(i) * (ranks * (ranks - 1) / 2) + i * ranks;
}

const char* name_of(ReduceOp op) {
  constexpr const char* kNames[] = {"a sum", "a maximum", "a scattered sum", "a gathering"};
  return kNames[static_cast<int>(op)];
}

// The lowest `width` bytes of an integer.
void store(int64_t value, int width, uint8_t* to) { std::memcpy(to, &value, static_cast<size_t>(width)); }

void check(Reducer& reducer, ReduceOp op, ReduceSpan::Type type, int64_t count) {
  const int width = ReduceSpan::bytes_of(type), rank = reducer.rank(), ranks = reducer.ranks();
  std::vector<uint8_t> values(static_cast<size_t>(count * width)), right = values;
  for (int r = 0; r < ranks; ++r) {
    // What is scattered or gathered counts in one slice of each rank.
    const Slice slice = slice_of(count, r, ranks);
    for (int64_t i = slice.first; i < slice.first + slice.count; ++i)
      store(op == ReduceOp::kGather ? number(i, r) : expected(op, i, ranks), width, &right[static_cast<size_t>(i * width)]);
  }
  for (int64_t i = 0; i < count; ++i) store(number(i, rank), width, &values[static_cast<size_t>(i * width)]);
  const Channel channel = op == ReduceOp::kScatteredSum || op == ReduceOp::kGather ? Channel::kGradients : Channel::kSmall;
  reducer.begin(op, ReduceSpan(type, values.data(), count), channel);
  reducer.complete(channel);
  const Slice looked_at = op == ReduceOp::kScatteredSum ? slice_of(count, rank, ranks) : Slice{0, count};
  const int64_t first = looked_at.first * width, bytes = looked_at.count * width;
  if (!std::equal(values.begin() + first, values.begin() + first + bytes, right.begin() + first))
    throw Error(std::string(name_of(op)) + " of known numbers over " + std::to_string(ranks) + " ranks comes out wrong on " +
                    reducer.name_of(rank),
                "", "give each host a name of its own; see whether another MPI, or another network of it, adds up right");
}

}  // namespace

void check_sums(Reducer& reducer) {
  using enum ReduceSpan::Type;
  for (const int64_t count : {1, 1000}) {
    for (const ReduceSpan::Type type : {kS32, kS64}) check(reducer, ReduceOp::kSum, type, count);
    check(reducer, ReduceOp::kMax, kS64, count);
    for (const ReduceSpan::Type type : {kS16, kS24, kS32, kS64}) check(reducer, ReduceOp::kScatteredSum, type, count);
    for (const ReduceSpan::Type type : {kS8, kS16, kS24, kS32, kS64}) check(reducer, ReduceOp::kGather, type, count);
  }
  check(reducer, ReduceOp::kSum, kS32, kMany);
}

}  // namespace intrain
