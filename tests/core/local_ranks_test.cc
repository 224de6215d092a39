#include "core/local_ranks.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "core/error.h"
#include "core/slice.h"

namespace intrain {
namespace {

TEST(Slice, SharesOutAllInOrder) {
  for (int ranks : {1, 2, 3, 5, 8, 1000})
    for (int64_t count : {int64_t{0}, int64_t{1}, int64_t{7}, int64_t{8}, int64_t{65536}, int64_t{INT32_MAX}}) {
      int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const Slice slice = slice_of(count, rank, ranks);
        EXPECT_EQ(slice.first, next);
        EXPECT_LE(slice.count, largest_slice(count, ranks));
        if (count >= ranks) EXPECT_GE(slice.count, 1);
        next += slice.count;
      }
      EXPECT_EQ(next, count);
    }
}

TEST(Reducer, OneProcessLeavesAllAsItIs) {
  SingleProcess alone;
  int64_t values[] = {1, -2};
  alone.sum(values, 2);
  alone.begin(ReduceOp::kMax, {values, 2});
  EXPECT_FALSE(alone.finish());
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], -2);
  EXPECT_EQ(alone.ranks(), 1);
}

TEST(LocalRanks, SumAndMax) {
  for (int ranks : {1, 2, 3, 8})
    run_local_ranks(ranks, [&](int rank, std::unique_ptr<Reducer> reducer) {
      EXPECT_EQ(reducer->rank(), rank);
      EXPECT_EQ(reducer->ranks(), ranks);
      // Partial sums may pass the ends of the format.
      int64_t sums[] = {rank, rank % 2 == 0 ? INT64_MAX : -INT64_MAX};
      int32_t narrow[] = {1, -rank, rank == 0 ? INT32_MIN : 0};
      int64_t most[] = {-rank, rank, INT64_MIN};
      reducer->sum(sums, 2);
      reducer->sum(narrow, 3);
      reducer->max(most, 3);
      EXPECT_EQ(sums[0], ranks * (ranks - 1) / 2);
      EXPECT_EQ(sums[1], ranks % 2 == 0 ? 0 : INT64_MAX);
      EXPECT_EQ(narrow[0], ranks);
      EXPECT_EQ(narrow[1], -ranks * (ranks - 1) / 2);
      EXPECT_EQ(narrow[2], INT32_MIN);
      EXPECT_EQ(most[0], 0);
      EXPECT_EQ(most[1], ranks - 1);
      EXPECT_EQ(most[2], INT64_MIN);
    });
}

// As many under way as there may be, many times over, so that ranks are at different ones.
TEST(LocalRanks, SeveralUnderWay) {
  constexpr int kRanks = 4, kMost = Reducer::kMostUnderWay;
  run_local_ranks(kRanks, [&](int rank, std::unique_ptr<Reducer> reducer) {
    std::vector<int64_t> values(kMost);
    for (int64_t round = 0; round < 200; ++round) {
      for (int i = 0; i < kMost; ++i) {
        values[static_cast<size_t>(i)] = round * i + rank;
        reducer->begin(i % 2 == 0 ? ReduceOp::kSum : ReduceOp::kMax, {&values[static_cast<size_t>(i)], 1});
      }
      for (int64_t i = 0; i < kMost; ++i) {
        ASSERT_FALSE(reducer->finish());
        ASSERT_EQ(values[static_cast<size_t>(i)], i % 2 == 0 ? kRanks * round * i + 6 : round * i + 3);
      }
    }
  });
}

std::string error_of(int ranks, const std::function<void(int, Reducer&)>& body) {
  try {
    run_local_ranks(ranks, [&](int rank, std::unique_ptr<Reducer> reducer) { body(rank, *reducer); });
  } catch (const std::exception& e) {
    return e.what();
  }
  return "";
}

TEST(LocalRanks, WhatOneThrowsEndsAll) {
  EXPECT_EQ(error_of(3,
                     [](int rank, Reducer& reducer) {
                       int64_t value = 0;
                       for (int i = 0; i < 100; ++i) {
                         if (rank == 1 && i == 50) throw std::runtime_error("no more");
                         reducer.sum(&value, 1);
                       }
                     }),
            "no more");
}

TEST(LocalRanks, FailureIsAResult) {
  EXPECT_EQ(error_of(2,
                     [](int rank, Reducer& reducer) {
                       if (rank == 1) throw std::runtime_error("no more");
                       int64_t value = 0;
                       reducer.begin(ReduceOp::kSum, {&value, 1});
                       const std::optional<RankFailure> failure = reducer.finish();
                       ASSERT_TRUE(failure);
                       EXPECT_EQ(failure->rank, 1);
                       EXPECT_EQ(failure->what, "it ended before the others");
                     }),
            "no more");
}

TEST(LocalRanks, RanksThatDoNotDoTheSameAreFound) {
  EXPECT_NE(error_of(2,
                     [](int rank, Reducer& reducer) {
                       int64_t values[2] = {};
                       reducer.sum(values, rank + 1);
                     })
                .find("something else"),
            std::string::npos);
  EXPECT_NE(error_of(2,
                     [](int rank, Reducer& reducer) {
                       int64_t value = 0;
                       for (int i = 0; i < 3 + rank; ++i) reducer.sum(&value, 1);
                     })
                .find("rank 0: it ended before the others"),
            std::string::npos);
  EXPECT_NE(error_of(0, [](int, Reducer&) {}).find("0 ranks"), std::string::npos);
}

}  // namespace
}  // namespace intrain
