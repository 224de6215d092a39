#include "core/parallel.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/caller_core.h"
#include "core/cpu_quota.h"
#include "core/error.h"

namespace intrain {

namespace {

// Steps are a chain of short parallel loops, so a thread looks for a change before it sleeps: first at full speed, then giving way to
// whoever waits for its core. Past these it sleeps, and what wakes it costs more than a short loop.
constexpr int kPauses = 200;
constexpr int kYields = 50;

template <class T>
bool changes_soon(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kPauses; ++i) {
    if (value.load(std::memory_order_acquire) != old) return true;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  for (int i = 0; i < kYields; ++i) {
    if (value.load(std::memory_order_acquire) != old) return true;
    std::this_thread::yield();
  }
  return false;
}

// How often a process was forked between the first one and this: of a pool that was made before the last time no thread is here.
std::atomic<uint32_t> g_forks{0};
uint32_t forks() {
  [[maybe_unused]] static const int kept =
      pthread_atfork(nullptr, nullptr, [] { g_forks.fetch_add(1, std::memory_order_relaxed); });
  return g_forks.load(std::memory_order_relaxed);
}

}  // namespace

// A run waits for its tasks, never for a thread: a worker may sleep, or wait for a core, through any number of runs. What it finds then
// is of no run, or of the one that goes on; it must not mistake one for the other, nor read what the caller is writing for the next:
//
// - A task is claimed by a compare-exchange on its share's `claim`, run number and tasks left in one word. A number is used once, and a
//   share of a run that is over has none left; so the exchange succeeds only in the run whose number it read, while that has tasks.
// - A claimed task is in `unfinished` until it is done, and the caller does not leave the run before that is 0. So `call`, `body`
//   and `end`, which are written between runs, stay from the claim to the end of the task, and are read nowhere else.
// - They are written before the words that hand out the run (release), and read after a claim (acquire).
struct ThreadPool::State {
  static constexpr int kLeftBits = 20;  // 44 bits of run numbers last for years
  static constexpr int64_t kMaxTasks = (int64_t{1} << kLeftBits) - 1;

  // Tasks of one thread; a cache line of its own.
  struct alignas(64) Share {
    std::atomic<uint64_t> claim{0};  // run number << kLeftBits | tasks left: the last ones before `end`
    int64_t end = 0;
  };
  struct alignas(64) Sleep {
    std::atomic<int32_t> asleep{0};
  };

  State(int threads, int cores)
      : shares(static_cast<size_t>(threads)), sleeps(static_cast<size_t>(threads)), helpers(std::clamp(cores, 1, threads) - 1) {
    try {
      for (int t = 1; t < threads; ++t) workers.emplace_back([this, t] { serve(t); });
    } catch (...) {
      stop_all();
      throw;
    }
  }

  Call call = nullptr;
  const void* body = nullptr;
  std::vector<Share> shares;           // of each thread
  std::vector<Sleep> sleeps;           // of each thread
  const int helpers;                   // workers that are woken at a time
  uint64_t number = 0;                 // of the run
  std::atomic<uint32_t> begun{0};      // runs, modulo 2^32: what workers look at
  std::atomic<int32_t> unfinished{0};  // tasks of this run
  std::atomic<bool> stop{false};
  std::atomic_flag failing;
  std::exception_ptr failure;                               // of the thread that set `failing`
  CallerCore caller_core{static_cast<int>(shares.size())};  // its worker is the last one
  const uint32_t made_after = forks();
  std::vector<std::thread> workers;

  ~State() { stop_all(); }

  // Also those of a pool whose start failed half-way.
  void stop_all() {
    stop.store(true, std::memory_order_seq_cst);
    begun.fetch_add(1, std::memory_order_seq_cst);
    for (size_t t = 1; t <= workers.size(); ++t) wake(t);
    for (std::thread& w : workers) w.join();
  }

  // Hands out tasks [begin, end), at most kMaxTasks.
  void share_out(int64_t begin, int64_t end) {
    const auto count = static_cast<int64_t>(shares.size());
    const int64_t each = (end - begin) / count, larger = (end - begin) % count;
    unfinished.store(static_cast<int32_t>(end - begin), std::memory_order_relaxed);
    int64_t at = begin;
    for (int64_t t = 0; t < count; ++t) at = shares[static_cast<size_t>(t)].end = at + each + (t < larger ? 1 : 0);
    ++number;
    for (int64_t t = 0; t < count; ++t)
      shares[static_cast<size_t>(t)].claim.store(number << kLeftBits | static_cast<uint64_t>(each + (t < larger ? 1 : 0)),
                                                 std::memory_order_release);
  }

  // A thread's own tasks first, then those of its neighbours.
  void work(int thread) {
    const size_t count = shares.size();
    for (size_t i = 0; i < count; ++i) {
      Share& share = shares[(static_cast<size_t>(thread) + i) % count];
      int32_t done = 0;
      uint64_t word = share.claim.load(std::memory_order_relaxed);
      while (const auto left = static_cast<int64_t>(word & kMaxTasks)) {
        if (!share.claim.compare_exchange_weak(word, word - 1, std::memory_order_acquire, std::memory_order_relaxed)) continue;
        try {
          call(body, share.end - left, thread);
        } catch (...) {
          done += give_up();
        }
        ++done;
        word = share.claim.load(std::memory_order_relaxed);
      }
      if (done != 0 && unfinished.fetch_sub(done, std::memory_order_acq_rel) == done) unfinished.notify_one();
    }
  }

  // In a handler, by a thread whose task is unfinished: keeps the exception, and takes away all tasks that nobody has claimed. How many.
  int32_t give_up() {
    if (!failing.test_and_set(std::memory_order_relaxed)) failure = std::current_exception();
    int64_t taken = 0;
    for (Share& share : shares)
      taken += static_cast<int64_t>(share.claim.fetch_and(~uint64_t{kMaxTasks}, std::memory_order_relaxed)) & kMaxTasks;
    return static_cast<int32_t>(taken);
  }

  void serve(int thread) {
    std::atomic<int32_t>& asleep = sleeps[static_cast<size_t>(thread)].asleep;
    while (true) {
      const uint32_t seen = begun.load(std::memory_order_acquire);
      if (stop.load(std::memory_order_acquire)) return;  // after `begun`: who has seen its last count must see this, too
      work(thread);
      if (thread == static_cast<int>(shares.size()) - 1) caller_core.tell_core();
      if (changes_soon(begun, seen)) continue;
      asleep.store(1, std::memory_order_seq_cst);
      // Whoever begins a run later, or stops the pool, sees that this thread sleeps.
      if (begun.load(std::memory_order_seq_cst) == seen) asleep.wait(1, std::memory_order_acquire);
      asleep.store(0, std::memory_order_relaxed);
    }
  }

  void wake(size_t thread) {
    std::atomic<int32_t>& asleep = sleeps[thread].asleep;
    if (asleep.load(std::memory_order_seq_cst) == 0) return;
    asleep.store(0, std::memory_order_release);
    asleep.notify_one();
  }

  void run(int64_t begin, int64_t end) {
    share_out(begin, end);
    begun.fetch_add(1, std::memory_order_seq_cst);
    const auto useful = std::min<size_t>(static_cast<size_t>(helpers), static_cast<size_t>(end - begin - 1));
    for (size_t t = 1; t <= useful; ++t) wake(t);
    work(0);
    for (int32_t left; (left = unfinished.load(std::memory_order_acquire)) != 0;)
      if (!changes_soon(unfinished, left) && !caller_core.holds()) unfinished.wait(left, std::memory_order_acquire);
    caller_core.look(workers.back().native_handle());
    if (!failure) return;
    failing.clear(std::memory_order_relaxed);
    std::rethrow_exception(std::exchange(failure, nullptr));
  }
};

static int checked(int threads) {
  if (threads < 1 || threads > kMaxThreads)
    throw Error(std::to_string(threads) + " threads", Setting{"threads"}, "give 1 to " + std::to_string(kMaxThreads));
  return threads;
}

std::unique_ptr<ThreadPool::State> ThreadPool::start(int threads, int cores) {
  try {
    return std::make_unique<State>(checked(threads), cores);
  } catch (const std::system_error& e) {
    throw Error("cannot start " + std::to_string(threads) + " threads: " + e.code().message(), Setting{"threads"},
                "choose fewer threads, or raise the limit on processes (ulimit -u) or memory (ulimit -v)");
  }
}

ThreadPool::ThreadPool(int threads, int cores) : state_(start(threads, cores)) {}

// After a fork its threads are the parent's alone: to join them would be to wait for ever.
ThreadPool::~ThreadPool() {
  if (state_->made_after != forks()) static_cast<void>(state_.release());
}

int ThreadPool::threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::run_erased(int64_t tasks, Call call, const void* body) {
  if (state_->made_after != forks()) {
    std::unique_ptr<State> anew = start(threads(), state_->helpers + 1);
    state_.swap(anew);
    static_cast<void>(anew.release());  // likewise
  }
  State& s = *state_;
  if (s.workers.empty() || tasks <= 1) {
    for (int64_t task = 0; task < tasks; ++task) call(body, task, 0);
    return;
  }
  s.call = call;
  s.body = body;
  for (int64_t begin = 0; begin < tasks; begin += State::kMaxTasks) s.run(begin, std::min(tasks, begin + State::kMaxTasks));
}

int available_threads() {
  cpu_set_t set;
  const int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
  return std::min(cores, cpu_quota("/"));
}

}  // namespace intrain
