#include "core/parallel.h"

#include <sched.h>

#include <atomic>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/error.h"

namespace intrain {

struct ThreadPool::State {
  // Tasks of one thread that nobody has taken yet; a cache line of its own.
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };

  explicit State(int threads) : shares(static_cast<size_t>(threads)) {}

  Call call = nullptr;
  const void* body = nullptr;
  std::vector<Share> shares;            // of each thread
  std::atomic<uint32_t> generation{0};  // bumped to start a run
  std::atomic<int32_t> busy{0};         // workers that have not finished this run
  bool stop = false;                    // written before the last bump
  std::vector<std::thread> workers;

  // Joins also those of a pool whose start failed half-way.
  ~State() {
    stop = true;
    generation.fetch_add(1, std::memory_order_release);
    generation.notify_all();
    for (std::thread& w : workers) w.join();
  }

  void share_out(int64_t tasks) {
    const int64_t count = static_cast<int64_t>(shares.size()), each = tasks / count, larger = tasks % count;
    int64_t begin = 0;
    for (int64_t t = 0; t < count; ++t) {
      Share& share = shares[static_cast<size_t>(t)];
      share.next.store(begin, std::memory_order_relaxed);
      begin = share.end = begin + each + (t < larger ? 1 : 0);
    }
  }

  // A thread's own tasks first, then those of its neighbours.
  void work(int thread) {
    const size_t count = shares.size();
    for (size_t i = 0; i < count; ++i) {
      Share& share = shares[(static_cast<size_t>(thread) + i) % count];
      while (share.next.load(std::memory_order_relaxed) < share.end) {
        const int64_t task = share.next.fetch_add(1, std::memory_order_relaxed);
        if (task >= share.end) break;
        call(body, task, thread);
      }
    }
  }
};

namespace {

// Steps are a chain of short parallel loops: spin a little before sleeping.
constexpr int kSpins = 2000;

template <class T>
void wait_while(std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>(threads)) {
  State* const s = state_.get();
  try {
    for (int t = 1; t < threads; ++t)
      s->workers.emplace_back([s, t] {
        for (uint32_t seen = 0;; ++seen) {
          wait_while(s->generation, seen);
          if (s->stop) return;
          s->work(t);
          if (s->busy.fetch_sub(1, std::memory_order_acq_rel) == 1) s->busy.notify_one();
        }
      });
  } catch (const std::system_error& e) {
    throw Error("cannot start " + std::to_string(threads) + " threads: " + e.code().message(), "--threads",
                "choose fewer threads, or raise the limit on processes (ulimit -u) or memory (ulimit -v)");
  }
}

ThreadPool::~ThreadPool() = default;

int ThreadPool::threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::run_erased(int64_t tasks, Call call, const void* body) {
  State& s = *state_;
  s.call = call;
  s.body = body;
  if (s.workers.empty() || tasks <= 1) {
    for (int64_t task = 0; task < tasks; ++task) call(body, task, 0);
    return;
  }
  s.share_out(tasks);
  s.busy.store(static_cast<int32_t>(s.workers.size()), std::memory_order_relaxed);
  s.generation.fetch_add(1, std::memory_order_release);
  s.generation.notify_all();
  s.work(0);
  for (int32_t left; (left = s.busy.load(std::memory_order_acquire)) != 0;) wait_while(s.busy, left);
}

int available_threads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int n = CPU_COUNT(&set);
  return n > 0 ? n : 1;
}

}  // namespace intrain
