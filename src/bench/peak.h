// What this machine does at most, measured: products in registers, and bytes from and to memory.
#pragma once

#include "bench/setup.h"
#include "core/parallel.h"
#include "nn/runtime.h"

namespace intrain {

// Operations a second of kernels.peak on all threads (2 a product): the best of `runs` of about `seconds`.
double measure_multiply(Runtime& runtime, double seconds, int runs);

struct MemoryPeak {
  double read;  // bytes a second
  double copy;  // bytes read plus bytes written a second, through the cache: the line written is read first, and not counted
  int64_t buffer_bytes;
};
// On all threads, over a buffer larger than the caches; the best of `runs` of about `seconds` each.
MemoryPeak measure_memory(ThreadPool& pool, double seconds, int runs);

}  // namespace intrain
