#include "core/caller_core.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace intrain {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

cpu_set_t cores(std::initializer_list<int> which) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : which) CPU_SET(core, &set);
  return set;
}

// A caller that is looked at every 0.15 s and has lost its core `lost` times since.
class CoreChoiceTest : public testing::Test {
 protected:
  int look(int64_t lost, int caller, int worker, int64_t passed = 150'000'000) {
    ns_ += passed;
    switches_ += lost;
    return choice_.decide({ns_, switches_, caller, worker}, allowed_);
  }
  cpu_set_t allowed_ = cores({0, 1});
  int64_t ns_ = 5 * kSecond, switches_ = 1000;
  CoreChoice choice_;
};

TEST_F(CoreChoiceTest, LeavesThreadsAloneThatKeepTheirCores) {
  for (int i = 0; i < 200; ++i) ASSERT_EQ(look(i % 7, 0, i % 2), CoreChoice::kKeep) << i;  // 6 in 0.15 s are 40 a second
}

TEST_F(CoreChoiceTest, SendsTheWorkerAwayFromTheCallersCore) {
  EXPECT_EQ(look(500, 1, 1), CoreChoice::kKeep);  // the first look: nobody knows since when
  EXPECT_EQ(look(30, 1, 1), 0);
  EXPECT_EQ(look(30, 0, 0), 1);
  allowed_ = cores({3, 5, 9});
  EXPECT_EQ(look(30, 3, 3), 5);
  EXPECT_EQ(look(30, 9, 9), 3);
}

TEST_F(CoreChoiceTest, SendsTheWorkerToAnotherProgramOnTheCallersCore) {
  look(0, 0, 1);
  EXPECT_EQ(look(7, 0, 1), 0);
  EXPECT_EQ(look(7, 1, -1), 1);  // of a worker that has not told yet, too
}

TEST_F(CoreChoiceTest, KeepsToTheCoresThatTheWorkerMayUse) {
  allowed_ = cores({4});
  look(0, 4, 4);
  EXPECT_EQ(look(30, 4, 4), CoreChoice::kKeep);   // no other one
  EXPECT_EQ(look(30, 6, 4), CoreChoice::kKeep);   // the caller may be elsewhere
  EXPECT_EQ(look(30, -1, 4), CoreChoice::kKeep);  // and need not know where
  EXPECT_EQ(look(30, -1, -1), 4);
}

TEST_F(CoreChoiceTest, LetsTheWorkerGoOnceTheCallerHasLongKeptItsCore) {
  look(0, 0, 0);
  ASSERT_EQ(look(30, 0, 0), 1);
  const int64_t held = ns_;
  while (ns_ + 150'000'000 < held + CoreChoice::kHoldNs) ASSERT_EQ(look(2, 0, 1), CoreChoice::kKeep);
  EXPECT_EQ(look(2, 0, 1), CoreChoice::kAny);
  EXPECT_EQ(look(2, 0, 1), CoreChoice::kKeep);  // once
  EXPECT_EQ(look(30, 0, 0), 1);
}

TEST_F(CoreChoiceTest, LooksNoMoreOftenThanNeeded) {
  look(0, 0, 0);
  EXPECT_EQ(look(30, 0, 0, CoreChoice::kLookNs - 1), CoreChoice::kKeep);
  EXPECT_EQ(look(0, 0, 0, 1), 1);  // those before count
}

}  // namespace
}  // namespace intrain
