// Keeps the caller of a thread pool from sharing its core, where other programs compute beside.
//
// A step is a chain of short runs, and each ends when its last task does. Of the threads the caller is needed most: it alone leads from one run to
// the next, and takes over what a worker leaves. With an endless loop beside, the system puts any two of the three on one core, and moves them too
// late; with a worker bound to the core of the loop the other core is the caller's alone.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <cstdint>

namespace intrain {

// What the caller sees of itself and of one worker. Cores as sched_getcpu() numbers them, -1: not known.
struct CoreUse {
  int64_t ns;        // of a clock that only goes forward
  int64_t switches;  // how often the caller's core was taken from it, ever
  int caller, worker;
};

// When to bind a worker, and to which core: the rules alone, without the system.
class CoreChoice {
 public:
  static constexpr int kKeep = -1, kAny = -2;  // leave it as it is; wherever it was allowed to be
  static constexpr int64_t kLookNs = 100'000'000, kHoldNs = 10'000'000'000;
  static constexpr int64_t kOften =
      40;  // switches a second. Two that share a core take turns some 200 times, a caller alone a few times

  // The core for the worker, of those `allowed`, or kKeep or kAny. Looks at most every kLookNs. Where the caller loses its core often, the worker is
  // to leave it if it is there itself; else another program is, whose neighbour the worker shall be, and the system moves the caller. Once kHoldNs
  // have passed without that the worker is free again.
  int decide(const CoreUse& use, const cpu_set_t& allowed);

 private:
  bool is_held_ = false;
  int64_t until_ns_ = 0;
  int64_t seen_ns_ = -1, seen_switches_ = 0;
};

// For one pool. No result depends on it.
class CallerCore {
 public:
  // By the worker, now and then.
  void tell_core() { worker_core_.store(sched_getcpu(), std::memory_order_relaxed); }

  // By the caller, between two runs; asks the system only every 64th time.
  void look(pthread_t worker) {
    if (++runs_ % 64 == 0) look_closely(worker);
  }

  // Whether the caller should stay awake while it waits: on an idle core the system would put the other program.
  bool holds() const { return is_bound_; }

 private:
  void look_closely(pthread_t worker);

  std::atomic<int> worker_core_{-1};
  uint32_t runs_ = 0;
  CoreChoice choice_;
  bool is_bound_ = false;
  cpu_set_t bound_, before_;  // the worker's cores now, if it is bound, and what they were
};

}  // namespace intrain
