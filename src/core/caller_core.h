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

// What a caller sees of itself and of a worker. Cores as sched_getcpu() numbers them, -1: not known.
struct CoreUse {
  int64_t ns;        // of a clock that only goes forward
  int64_t switches;  // how often others came onto the caller's core while it could have computed, ever
  int thread;        // the caller
  int caller, worker;
};

// Where the worker belongs: the rules alone, without the system.
class CoreChoice {
 public:
  enum Place {
    kKeep,      // as it is
    kAway,      // anywhere but on the caller's core
    kBeside,    // on the caller's core, which the caller is to leave
    kAnywhere,  // wherever it may be
  };
  static constexpr int64_t kLookNs = 100'000'000, kGapNs = 1'000'000'000, kHoldNs = 10'000'000'000;
  // Switches a second. Two that share a core take turns some 200 times, a caller alone a few times.
  static constexpr int64_t kOften = 40;

  // Judges what happened between two looks of one thread that lie kLookNs to kGapNs apart. Where the caller lost its core often, either the worker
  // is there and has to leave, or another program is, whose neighbour the worker shall be. Once kHoldNs have passed without that it is free again.
  Place decide(const CoreUse& use);

 private:
  bool is_held_ = false;
  int64_t until_ns_ = 0;
  CoreUse seen_ = {0, 0, -1, -1, -1};
};

// For a pool of as many threads as there are cores. No result depends on it.
class CallerCore {
 public:
  explicit CallerCore(int threads) : threads_(threads) {}

  // By the worker after each run.
  void tell_core() {
    if (++told_ % 16 == 0) worker_core_.store(sched_getcpu(), std::memory_order_relaxed);
  }

  // By the caller, between two runs; asks the system only every 64th time.
  void look(pthread_t worker) {
    if (++runs_ % 64 == 0) look_closely(worker);
  }

  // Of a use of now. Does nothing unless the worker may use as many cores as there are threads, and the caller another one than its own; what others
  // have set meanwhile holds. A worker that is free again has the cores that it had.
  void look_at(const CoreUse& use, pthread_t worker);

  // Whether the caller should stay awake while it waits: on an idle core the system would put the other program.
  bool holds() const { return is_bound_; }

 private:
  void look_closely(pthread_t worker);

  const int threads_;
  uint32_t runs_ = 0;
  CoreChoice choice_;
  bool is_bound_ = false;
  cpu_set_t bound_, before_;  // the worker's cores now, if it is bound, and what they were
  alignas(64) std::atomic<int> worker_core_{-1};
  uint32_t told_ = 0;
};

}  // namespace intrain
