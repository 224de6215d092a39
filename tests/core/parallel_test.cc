#include "core/parallel.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/temp_folder.h"

namespace intrain {
namespace {

TEST(ThreadPool, CallsEveryTaskOnce) {
  for (int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads, threads);
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

TEST(ThreadPool, OtherNumbersOfThreadsAreRefused) {
  for (const int threads : {-1, 0, kMaxThreads + 1}) test::expect_error([&] { ThreadPool pool(threads); }, "threads", "threads");
}

// More than one word counts (core/parallel.cc).
TEST(ThreadPool, TakesAnyNumberOfTasks) {
  constexpr int64_t kTasks = (int64_t{1} << 20) + 5;
  ThreadPool pool(2, 2);
  struct alignas(64) Sum {
    int64_t tasks = 0, numbers = 0;
  } sums[2];
  pool.run(kTasks, [&](int64_t task, int thread) {
    ++sums[thread].tasks;
    sums[thread].numbers += task;
  });
  EXPECT_EQ(sums[0].tasks + sums[1].tasks, kTasks);
  EXPECT_EQ(sums[0].numbers + sums[1].numbers, kTasks * (kTasks - 1) / 2);
}

// The first thread waits in its first task for all others: without a neighbour that takes over its run, this would not end.
TEST(ThreadPool, ThreadsTakeOverFromASlowOne) {
  constexpr int64_t kTasks = 40;
  ThreadPool pool(2, 2);
  std::atomic<int64_t> done{0};
  pool.run(kTasks, [&](int64_t task, int) {
    if (task == 0)
      while (done < kTasks - 1) std::this_thread::yield();
    ++done;
  });
  EXPECT_EQ(done, kTasks);
}

// A worker is stopped wherever it is by a signal whose handler does not return: as if another process had its core.
std::atomic<bool> g_stopped{false}, g_go_on{false};
void stop_thread(int) {
  g_stopped = true;
  while (!g_go_on) sched_yield();
}
// As if its core were taken away for a moment.
void pause_thread(int) {
  for (int i = 0; i < 20; ++i) sched_yield();
}

class StoppedWorker : public testing::Test {
 protected:
  StoppedWorker() : pool_(2, 2) {
    pool_.run(2, [&](int64_t, int thread) {
      if (thread == 1) worker_ = pthread_self(), found_ = true;
      while (!found_) std::this_thread::yield();
    });
  }
  void signal_worker(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigaction(SIGUSR1, &action, nullptr);
    pthread_kill(worker_, SIGUSR1);
  }

  std::atomic<bool> found_{false};
  pthread_t worker_{};
  ThreadPool pool_;
};

TEST_F(StoppedWorker, IsNotWaitedFor) {
  g_stopped = g_go_on = false;
  signal_worker(stop_thread);
  while (!g_stopped) std::this_thread::yield();
  for (int run = 0; run < 1000; ++run) {
    int done = 0;
    pool_.run(5, [&](int64_t, int thread) { done += thread == 0 ? 1 : 100; });
    ASSERT_EQ(done, 5);
  }
  // What it slept through is over; what is still to come it takes part in.
  g_go_on = true;
  std::atomic<bool> helped{false};
  pool_.run(2, [&](int64_t, int thread) {
    if (thread == 1) helped = true;
    while (!helped) std::this_thread::yield();
  });
  EXPECT_TRUE(helped);
}

// It must find its way wherever it was stopped: between looking at a run and taking a task of it, above all. Each run has a body, tasks
// and memory of its own, which are gone after it.
TEST_F(StoppedWorker, NeverMistakesARunForAnother) {
  std::atomic<bool> done{false};
  std::atomic<int> stops{0};
  std::thread disturber([&] {
    while (!done) {
      signal_worker(pause_thread);
      ++stops;
      std::this_thread::yield();
    }
  });
  for (int64_t run = 0; run < 4000 || stops < 200; ++run) {
    const int64_t tasks = 2 + run % 7;
    const auto calls = std::make_unique<std::atomic<int64_t>[]>(static_cast<size_t>(tasks));
    pool_.run(tasks, [&calls, run](int64_t task, int) { calls[static_cast<size_t>(task)] += run + 1; });
    for (int64_t i = 0; i < tasks; ++i) ASSERT_EQ(calls[static_cast<size_t>(i)], run + 1);
  }
  done = true;
  disturber.join();
}

TEST(ThreadPool, ThreadsWithoutACoreAreNotNeeded) {
  ThreadPool pool(7, 1);
  EXPECT_EQ(pool.threads(), 7);
  std::atomic<int> done{0};
  for (int run = 0; run < 100; ++run) pool.run(20, [&](int64_t, int) { ++done; });
  EXPECT_EQ(done, 2000);
}

TEST(ThreadPool, RethrowsWhatATaskThrows) {
  for (int threads : {1, 2, 7}) {
    ThreadPool pool(threads, threads);
    for (int64_t tasks : {1, 2, 50}) {
      for (int64_t bad : {int64_t{0}, tasks / 2, tasks - 1}) {
        std::atomic<int64_t> begun{0}, ended{0};
        try {
          pool.run(tasks, [&](int64_t task, int) {
            ++begun;
            if (task == bad) throw std::out_of_range(std::to_string(task));
            ++ended;
          });
          ADD_FAILURE() << "nothing thrown by task " << bad << " of " << tasks << ", " << threads << " threads";
        } catch (const std::out_of_range& e) {
          EXPECT_EQ(e.what(), std::to_string(bad));
        }
        EXPECT_EQ(begun, ended + 1);  // none is still at work
        // And again, as if nothing had been.
        std::atomic<int64_t> sum{0};
        pool.run(tasks, [&](int64_t task, int) { sum += task + 1; });
        EXPECT_EQ(sum, tasks * (tasks + 1) / 2);
      }
    }
  }
}

TEST(ThreadPool, OneOfSeveralExceptionsIsThrownAndTheRestIsLeftOut) {
  ThreadPool pool(3, 3);
  for (int run = 0; run < 200; ++run) {
    std::atomic<int> begun{0};
    EXPECT_THROW(pool.run(100000,
                          [&](int64_t, int) {
                            ++begun;
                            throw std::bad_alloc();
                          }),
                 std::bad_alloc);
    EXPECT_LE(begun, 3);
  }
}

// A pool made before a fork works in both processes, and in both it ends.
TEST(ThreadPool, AForkedProcessStartsItsThreadsAnew) {
  const auto sum_of = [](ThreadPool& pool) {
    std::atomic<int64_t> sum{0};
    pool.run(1000, [&](int64_t task, int) { sum += task; });
    return sum.load();
  };
  auto pool = std::make_unique<ThreadPool>(3, 3);
  ASSERT_EQ(sum_of(*pool), 499500);
  for (const bool used : {true, false}) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      alarm(20);
      const bool right = !used || (sum_of(*pool) == 499500 && pool->threads() == 3);
      pool.reset();
      _exit(right ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << used;
  }
  EXPECT_EQ(sum_of(*pool), 499500);
}

TEST(ThreadPool, TheCoresOfTheProcessCount) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_GE(available_threads(), 1);
  EXPECT_LE(available_threads(), CPU_COUNT(&before));
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) GTEST_SKIP() << "the affinity cannot be changed here";
  EXPECT_EQ(available_threads(), 1);
  sched_setaffinity(0, sizeof before, &before);
}

}  // namespace
}  // namespace intrain
