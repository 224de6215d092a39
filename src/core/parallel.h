// The thread pool: the only file that knows the thread library.
//
// No result may depend on the split: bodies write disjoint memory or add integers exactly.
#pragma once

#include <cstdint>
#include <memory>

#include "base/api.h"

namespace intrain {

constexpr int kMaxThreads = 1024;

class ThreadPool {
 public:
  // 1 to kMaxThreads, the caller included. Throws Error if the system does not grant them.
  INTRAIN_API explicit ThreadPool(int threads);
  INTRAIN_API ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  INTRAIN_API int threads() const;

  // Calls body(task, thread) once for each task in [0, tasks), thread in [0, threads()); returns when all are done. Each thread
  // starts on its own run of tasks, always the same for as many tasks, so that an operator over images finds in a core's cache
  // what the one before it left there; a thread that is done takes over tasks of others. Not reentrant. Allocates nothing.
  template <class Body>
  void run(int64_t tasks, const Body& body) {
    run_erased(
        tasks, [](const void* b, int64_t task, int thread) { (*static_cast<const Body*>(b))(task, thread); }, &body);
  }

 private:
  using Call = void (*)(const void* body, int64_t task, int thread);
  INTRAIN_API void run_erased(int64_t tasks, Call call, const void* body);
  struct State;
  std::unique_ptr<State> state_;
};

// Cores this process may use.
INTRAIN_API int available_threads();

}  // namespace intrain
