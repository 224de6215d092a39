#include "core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace intrain {
namespace {

TEST(ThreadPool, CallsEveryTaskOnce) {
  for (int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    ASSERT_EQ(pool.threads(), threads);
    for (int64_t tasks : {0, 1, 2, 3, 5, 100, 1001}) {
      const auto calls = std::make_unique<std::atomic<int>[]>(static_cast<size_t>(tasks) + 1);
      std::atomic<int64_t> wrong{0};
      pool.run(tasks, [&](int64_t task, int thread) {
        if (task < 0 || task >= tasks || thread < 0 || thread >= threads)
          ++wrong;
        else
          ++calls[static_cast<size_t>(task)];
      });
      EXPECT_EQ(wrong, 0);
      for (int64_t i = 0; i < tasks; ++i) EXPECT_EQ(calls[static_cast<size_t>(i)], 1) << i << " of " << tasks << ", " << threads;
    }
  }
}

// The first thread waits in its first task for all others: without a neighbour that takes over its run, this would not end.
TEST(ThreadPool, ThreadsTakeOverFromASlowOne) {
  constexpr int64_t kTasks = 40;
  ThreadPool pool(2);
  std::atomic<int64_t> done{0};
  pool.run(kTasks, [&](int64_t task, int) {
    if (task == 0)
      while (done < kTasks - 1) std::this_thread::yield();
    ++done;
  });
  EXPECT_EQ(done, kTasks);
}

}  // namespace
}  // namespace intrain
