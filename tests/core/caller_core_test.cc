#include "core/caller_core.h"

#include <gtest/gtest.h>

#include <latch>
#include <optional>
#include <thread>

namespace intrain {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// A caller that looks every 0.15 s and has lost its core `lost` times since.
struct Looks {
  int64_t ns = 5 * kSecond, switches = 1000;
  int thread = 7;

  CoreUse next(int64_t lost, int caller, int worker, int64_t passed = 150'000'000) {
    ns += passed;
    switches += lost;
    return {ns, switches, thread, caller, worker};
  }
};

class CoreChoiceTest : public testing::Test {
 protected:
  CoreChoice::Place look(int64_t lost, int caller, int worker, int64_t passed = 150'000'000) {
    return choice_.decide(looks_.next(lost, caller, worker, passed));
  }
  Looks looks_;
  CoreChoice choice_;
};

TEST_F(CoreChoiceTest, LeavesThreadsAloneThatKeepTheirCores) {
  for (int i = 0; i < 200; ++i) ASSERT_EQ(look(i % 7, 0, i % 2), CoreChoice::kKeep) << i;  // 6 in 0.15 s are 40 a second
}

TEST_F(CoreChoiceTest, SendsTheWorkerAwayFromTheCallersCore) {
  EXPECT_EQ(look(500, 1, 1), CoreChoice::kKeep);  // the first look: nobody knows since when
  EXPECT_EQ(look(7, 1, 1), CoreChoice::kAway);
  EXPECT_EQ(look(30, 0, 0), CoreChoice::kAway);
}

TEST_F(CoreChoiceTest, SendsTheWorkerToAnotherProgramOnTheCallersCore) {
  look(0, 0, 1);
  EXPECT_EQ(look(7, 0, 1), CoreChoice::kBeside);
  EXPECT_EQ(look(7, 1, -1), CoreChoice::kBeside);  // of a worker that has not told yet, too
}

TEST_F(CoreChoiceTest, DoesNotJudgeWhatItCannotKnow) {
  look(0, 0, 0);
  EXPECT_EQ(look(30, -1, 0), CoreChoice::kKeep);                           // where the caller is
  EXPECT_EQ(look(3000, 0, 0, CoreChoice::kGapNs + 1), CoreChoice::kKeep);  // what it did in a long pause
  looks_.thread = 8;                                                       // another caller
  EXPECT_EQ(look(3000, 0, 0), CoreChoice::kKeep);
  EXPECT_EQ(look(30, 0, 0), CoreChoice::kAway);
}

TEST_F(CoreChoiceTest, LetsTheWorkerGoOnceTheCallerHasLongKeptItsCore) {
  look(0, 0, 0);
  ASSERT_EQ(look(30, 0, 0), CoreChoice::kAway);
  const int64_t held = looks_.ns;
  while (looks_.ns + 150'000'000 < held + CoreChoice::kHoldNs) ASSERT_EQ(look(2, 0, 1), CoreChoice::kKeep);
  EXPECT_EQ(look(2, 0, 1), CoreChoice::kAnywhere);
  EXPECT_EQ(look(2, 0, 1), CoreChoice::kKeep);  // once
  EXPECT_EQ(look(30, 0, 0), CoreChoice::kAway);
  EXPECT_EQ(look(0, 0, 0, 2 * CoreChoice::kHoldNs), CoreChoice::kAnywhere);  // after a long pause, too
}

TEST_F(CoreChoiceTest, LooksNoMoreOftenThanNeeded) {
  look(0, 0, 0);
  EXPECT_EQ(look(30, 0, 0, CoreChoice::kLookNs - 1), CoreChoice::kKeep);
  EXPECT_EQ(look(0, 0, 0, 1), CoreChoice::kAway);  // those before count
}

// A worker of the system's own, and two cores of this machine.
class CallerCoreTest : public testing::Test {
 protected:
  void SetUp() override {
    cpu_set_t all;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    for (int core = 0; core < CPU_SETSIZE && count_ < 2; ++core)
      if (CPU_ISSET(core, &all)) core_[count_++] = core;
    if (count_ < 2) GTEST_SKIP() << "one core";
    both_ = one(core_[0]);
    CPU_SET(core_[1], &both_);
    worker_.emplace([this] { done_.wait(); });
    set(both_);
    caller_.look_at(looks_.next(0, core_[0], core_[0]), id());
  }
  void TearDown() override {
    done_.count_down();
    if (worker_) worker_->join();
  }

  static cpu_set_t one(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    return set;
  }
  pthread_t id() { return worker_->native_handle(); }
  void set(const cpu_set_t& cores) { ASSERT_EQ(pthread_setaffinity_np(id(), sizeof cores, &cores), 0); }
  bool has(const cpu_set_t& cores) {
    cpu_set_t now;
    return pthread_getaffinity_np(id(), sizeof now, &now) == 0 && CPU_EQUAL(&now, &cores);
  }

  int core_[2] = {}, count_ = 0;
  cpu_set_t both_;
  std::latch done_{1};
  std::optional<std::thread> worker_;
  Looks looks_;
  CallerCore caller_{2};
};

TEST_F(CallerCoreTest, BindsTheWorkerAndLetsItGo) {
  caller_.look_at(looks_.next(30, core_[0], core_[0]), id());
  EXPECT_TRUE(caller_.holds() && has(one(core_[1])));
  caller_.look_at(looks_.next(30, core_[1], core_[0]), id());
  EXPECT_TRUE(caller_.holds() && has(one(core_[1])));  // beside the program on the caller's core
  caller_.look_at(looks_.next(0, core_[0], core_[1], CoreChoice::kHoldNs), id());
  EXPECT_TRUE(!caller_.holds() && has(both_));
}

TEST_F(CallerCoreTest, CoresThatOthersSetHold) {
  caller_.look_at(looks_.next(30, core_[0], core_[0]), id());
  ASSERT_TRUE(caller_.holds());
  set(one(core_[0]));
  caller_.look_at(looks_.next(30, core_[0], core_[0]), id());  // one core for two threads
  EXPECT_TRUE(!caller_.holds() && has(one(core_[0])));
  caller_.look_at(looks_.next(0, core_[0], core_[0], CoreChoice::kHoldNs), id());
  EXPECT_TRUE(has(one(core_[0])));
}

TEST_F(CallerCoreTest, LeavesPoolsAloneThatDoNotFillTheCores) {
  for (const int threads : {1, 3}) {
    CallerCore caller(threads);
    for (int i = 0; i < 3; ++i) caller.look_at(looks_.next(30, core_[0], core_[0]), id());
    EXPECT_TRUE(!caller.holds() && has(both_)) << threads;
  }
}

}  // namespace
}  // namespace intrain
