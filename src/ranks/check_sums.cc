#include "ranks/check_sums.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"

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

template <class Integer>
void check(Reducer& reducer, ReduceOp op, int64_t count) {
  std::vector<Integer> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) values[static_cast<size_t>(i)] = static_cast<Integer>(number(i, reducer.rank()));
  const ReduceSpan span(values.data(), count);
  op == ReduceOp::kMax ? reducer.max(span) : reducer.sum(span);
  for (int64_t i = 0; i < count; ++i)
    if (values[static_cast<size_t>(i)] != static_cast<Integer>(expected(op, i, reducer.ranks())))
      throw Error(std::string(op == ReduceOp::kMax ? "a maximum" : "a sum") + " of known numbers over " +
                      std::to_string(reducer.ranks()) + " ranks comes out wrong on " + reducer.name_of(reducer.rank()),
                  "", "give each host a name of its own; see whether another MPI, or another network of it, adds up right");
}

}  // namespace

void check_sums(Reducer& reducer) {
  for (const int64_t count : {int64_t{1}, int64_t{1000}, kMany})
    for (const ReduceOp op : {ReduceOp::kSum, ReduceOp::kMax}) {
      check<int32_t>(reducer, op, count);
      check<int64_t>(reducer, op, count);
    }
}

}  // namespace intrain
