// The maximum of what several threads find.
#pragma once

#include <atomic>

namespace intrain {

// Atomic: std::atomic or std::atomic_ref of T. Relaxed: whoever reads it has waited for the threads.
template <class Atomic, class T>
void atomic_max(Atomic& largest, T value) {
  T old = largest.load(std::memory_order_relaxed);
  while (old < value && !largest.compare_exchange_weak(old, value, std::memory_order_relaxed)) {
  }
}

}  // namespace intrain
