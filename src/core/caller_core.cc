#include "core/caller_core.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <utility>

namespace intrain {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

}  // namespace

CoreChoice::Place CoreChoice::decide(const CoreUse& use) {
  if (use.ns - seen_.ns < kLookNs) return kKeep;
  const CoreUse before = std::exchange(seen_, use);
  const int64_t passed = use.ns - before.ns, switches = use.switches - before.switches;
  // Of less than kGapNs, so that the product is small.
  const bool is_judged = use.thread == before.thread && passed <= kGapNs && use.caller >= 0;
  if (is_judged && switches * kSecond > kOften * passed) {
    is_held_ = true;
    until_ns_ = use.ns + kHoldNs;
    return use.worker == use.caller ? kAway : kBeside;
  }
  if (!is_held_ || use.ns < until_ns_) return kKeep;
  is_held_ = false;
  return kAnywhere;
}

void CallerCore::look_at(const CoreUse& use, pthread_t worker) {
  const CoreChoice::Place place = choice_.decide(use);
  cpu_set_t cores, own;
  if (place == CoreChoice::kKeep || pthread_getaffinity_np(worker, sizeof cores, &cores) != 0) return;
  if (is_bound_ && !CPU_EQUAL(&cores, &bound_)) is_bound_ = false;
  if (!is_bound_) before_ = cores;
  if (place == CoreChoice::kAnywhere) {
    if (is_bound_) pthread_setaffinity_np(worker, sizeof before_, &before_);
    is_bound_ = false;
    return;
  }
  if (CPU_COUNT(&before_) != threads_ || use.caller >= CPU_SETSIZE || !CPU_ISSET(use.caller, &before_)) return;
  if (place == CoreChoice::kAway) {
    bound_ = before_;
    CPU_CLR(use.caller, &bound_);
  } else {
    if (pthread_getaffinity_np(pthread_self(), sizeof own, &own) != 0) return;
    CPU_AND(&own, &own, &before_);
    if (CPU_COUNT(&own) < 2) return;
    CPU_ZERO(&bound_);
    CPU_SET(use.caller, &bound_);
  }
  is_bound_ = pthread_setaffinity_np(worker, sizeof bound_, &bound_) == 0;
}

void CallerCore::look_closely(pthread_t worker) {
  timespec now;
  rusage usage;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 || getrusage(RUSAGE_THREAD, &usage) != 0) return;
  look_at({int64_t{now.tv_sec} * kSecond + now.tv_nsec, usage.ru_nivcsw, gettid(), sched_getcpu(),
           worker_core_.load(std::memory_order_relaxed)},
          worker);
}

}  // namespace intrain
