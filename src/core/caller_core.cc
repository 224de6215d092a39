#include "core/caller_core.h"

#include <sys/resource.h>
#include <time.h>

namespace intrain {

int CoreChoice::decide(const CoreUse& use, const cpu_set_t& allowed) {
  const int64_t passed = use.ns - seen_ns_;
  const bool is_first = seen_ns_ < 0;
  if (!is_first && passed < kLookNs) return kKeep;
  const int64_t switches = use.switches - seen_switches_;
  seen_ns_ = use.ns;
  seen_switches_ = use.switches;
  if (is_first) return kKeep;
  // passed >= kLookNs, so kOften seconds of it are at least 4 switches
  if (switches <= passed / (1'000'000'000 / kOften)) {
    if (!is_held_ || use.ns < until_ns_) return kKeep;
    is_held_ = false;
    return kAny;
  }
  int core = use.caller;
  if (use.worker == use.caller) {
    core = 0;
    while (core < CPU_SETSIZE && (core == use.caller || !CPU_ISSET(core, &allowed))) ++core;
  }
  if (core < 0 || core >= CPU_SETSIZE || !CPU_ISSET(core, &allowed)) return kKeep;
  is_held_ = true;
  until_ns_ = use.ns + kHoldNs;
  return core;
}

void CallerCore::look_closely(pthread_t worker) {
  timespec now;
  rusage usage;
  cpu_set_t cores;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 || getrusage(RUSAGE_THREAD, &usage) != 0 ||
      pthread_getaffinity_np(worker, sizeof cores, &cores) != 0)
    return;
  // Others may have given the worker other cores: those hold.
  is_bound_ = is_bound_ && CPU_EQUAL(&cores, &bound_);
  if (!is_bound_) before_ = cores;
  const int core = choice_.decide({int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec, usage.ru_nivcsw, sched_getcpu(),
                                   worker_core_.load(std::memory_order_relaxed)},
                                  before_);
  if (core == CoreChoice::kKeep) return;
  if (core == CoreChoice::kAny) {
    if (is_bound_) pthread_setaffinity_np(worker, sizeof before_, &before_);
    is_bound_ = false;
    return;
  }
  CPU_ZERO(&bound_);
  CPU_SET(core, &bound_);
  is_bound_ = pthread_setaffinity_np(worker, sizeof bound_, &bound_) == 0;
}

}  // namespace intrain
