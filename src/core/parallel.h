// The thread pool, and with core/caller_core.h the only file that knows the thread library.
//
// No result may depend on the split: bodies write disjoint memory or add integers exactly.
//
// A process that is forked off has a pool's memory without its threads: the first run there starts them anew.
#pragma once

#include <cstdint>
#include <memory>

#include "base/api.h"

namespace intrain {

constexpr int kMaxThreads = 1024;

// Cores this process may use: those of its affinity, but no more than the quotas of its control groups (core/cpu_quota.h), rounded up.
INTRAIN_API int available_threads();

class ThreadPool {
 public:
  // threads: 1 to kMaxThreads, the caller included. Of more threads than `cores` only as many are woken at a time: the others could but
  // take their turns. Throws Error for other numbers, and if the system does not grant them. While other programs take the caller's core, a worker
  // may be bound to a core, and the caller does not sleep while it waits (core/caller_core.h); the caller's own cores stay as they are.
  INTRAIN_API explicit ThreadPool(int threads, int cores = available_threads());
  INTRAIN_API ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  INTRAIN_API int threads() const;

  // Calls body(task, thread) once for each task in [0, tasks), thread in [0, threads()); returns when all are done. Each thread
  // starts on its own run of tasks, always the same for as many tasks, so that an operator over images finds in a core's cache
  // what the one before it left there; a thread that is done takes over tasks of others, and one that gets no core leaves it its tasks.
  // Throws what a task threw, the first if there are several, when all that were begun are done; the rest is left out.
  // Not reentrant. Allocates nothing unless a task throws.
  template <class Body>
  void run(int64_t tasks, const Body& body) {
    run_erased(
        tasks, [](const void* b, int64_t task, int thread) { (*static_cast<const Body*>(b))(task, thread); }, &body);
  }

 private:
  using Call = void (*)(const void* body, int64_t task, int thread);
  INTRAIN_API void run_erased(int64_t tasks, Call call, const void* body);
  struct State;
  static std::unique_ptr<State> start(int threads, int cores);
  std::unique_ptr<State> state_;
};

}  // namespace intrain
