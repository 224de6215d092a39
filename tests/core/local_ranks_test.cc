#include "core/local_ranks.h"

#include <gtest/gtest.h>

#include <cstring>
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

// Each type's integers, in slices that do not divide and of fewer of them than ranks.
TEST(LocalRanks, ScatteredSumAndGather) {
  using Type = ReduceSpan::Type;
  for (const int ranks : {1, 2, 3, 8})
    for (const int64_t count : {0, 2, 17})
      run_local_ranks(ranks, [&](int rank, std::unique_ptr<Reducer> reducer) {
        const Slice own = slice_of(count, rank, ranks);
        for (const Type type : {Type::kS8, Type::kS16, Type::kS24, Type::kS32, Type::kS64}) {
          const int bytes = ReduceSpan::bytes_of(type);
          std::vector<uint8_t> memory(static_cast<size_t>(count * bytes + 1), 0x55);
          const auto put = [&](int64_t i, int64_t v) {
            std::memcpy(&memory[static_cast<size_t>(i * bytes)], &v, static_cast<size_t>(bytes));
          };
          const auto get = [&](int64_t i) {
            uint64_t v = 0;
            std::memcpy(&v, &memory[static_cast<size_t>(i * bytes)], static_cast<size_t>(bytes));
            return static_cast<int64_t>(v << (64 - 8 * bytes)) >> (64 - 8 * bytes);
          };
          // Of all but rank 0: what goes beyond the type's end on the way, unless there are two ranks.
          for (int64_t i = 0; i < count; ++i) put(i, (int64_t{1} << (8 * bytes - 2)) * (rank == 0 ? 1 - ranks : 1) - i);
          reducer->begin(ReduceOp::kScatteredSum, {type, memory.data(), count}, Channel::kGradients);
          ASSERT_FALSE(reducer->finish(Channel::kGradients));
          for (int64_t i = own.first; i < own.first + own.count; ++i)
            EXPECT_EQ(get(i), ranks == 1 ? -i : -i * ranks) << bytes << " bytes on " << ranks;
          for (int64_t i = 0; i < count; ++i) put(i, -1);
          for (int64_t i = own.first; i < own.first + own.count; ++i) put(i, i - rank);
          reducer->begin(ReduceOp::kGather, {type, memory.data(), count}, Channel::kGradients);
          ASSERT_FALSE(reducer->finish(Channel::kGradients));
          for (int other = 0; other < ranks; ++other) {
            const Slice slice = slice_of(count, other, ranks);
            for (int64_t i = slice.first; i < slice.first + slice.count; ++i) EXPECT_EQ(get(i), i - other) << bytes << " bytes";
          }
          EXPECT_EQ(memory.back(), 0x55);
        }
      });
}

// Small ones go past a gradient that one rank has not even begun.
TEST(LocalRanks, ChannelsDoNotWaitForEachOther) {
  run_local_ranks(3, [&](int rank, std::unique_ptr<Reducer> reducer) {
    std::vector<int64_t> gradient(5, rank);
    if (rank != 2) reducer->begin(ReduceOp::kSum, {gradient.data(), 5}, Channel::kGradients);
    for (int64_t i = 0; i < 20; ++i) {
      int64_t value = i + rank;
      reducer->max(&value, 1);
      EXPECT_EQ(value, i + 2);
    }
    if (rank == 2) reducer->begin(ReduceOp::kSum, {gradient.data(), 5}, Channel::kGradients);
    reducer->complete(Channel::kGradients);
    EXPECT_EQ(gradient, std::vector<int64_t>(5, 3));
    EXPECT_EQ(reducer->traffic(Channel::kSmall).calls, 20);
    EXPECT_EQ(reducer->traffic(Channel::kSmall).bytes, 20 * 2 * 8);
    EXPECT_EQ(reducer->traffic(Channel::kGradients).calls, 1);
    EXPECT_EQ(reducer->traffic(Channel::kGradients).bytes, 2 * 5 * 8);
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

// Its memory may be gone when the others come to it.
TEST(LocalRanks, WhoGivesUpIsLeftAlone) {
  EXPECT_EQ(error_of(2,
                     [](int rank, Reducer& reducer) {
                       int64_t value = rank;
                       if (rank == 0) {
                         auto gone = std::make_unique<int64_t>(0);
                         reducer.begin(ReduceOp::kSum, {gone.get(), 1}, Channel::kGradients);
                         reducer.give_up();
                         gone.reset();
                         EXPECT_TRUE(reducer.finish());
                         throw std::runtime_error("no more");
                       }
                       reducer.begin(ReduceOp::kSum, {&value, 1});
                       EXPECT_TRUE(reducer.finish());
                       reducer.begin(ReduceOp::kSum, {&value, 1}, Channel::kGradients);
                       EXPECT_TRUE(reducer.finish(Channel::kGradients));
                       EXPECT_EQ(value, 1);
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
