// W in 8 bits from the stored W, shared by the threads.
#pragma once

#include <algorithm>
#include <atomic>

#include "core/atomic_max.h"
#include "core/parallel.h"
#include "core/parameter.h"
#include "ops/kernels.h"

namespace intrain {

// Returns t of ops/quantize/quantize.h: the exponent of dst is kMasterExp + t.
inline int quantize_weights(const ops::Kernels& kernels, ThreadPool& pool, const Parameter& weight, int8_t* dst) {
  constexpr int64_t kChunk = 1 << 15;
  const int64_t count = weight.count(), chunks = (count + kChunk - 1) / kChunk;
  const int32_t* master = weight.master.data();
  const auto length = [&](int64_t chunk) { return std::min(kChunk, count - chunk * kChunk); };
  std::atomic<uint32_t> max{0};
  pool.run(chunks, [&](int64_t i, int) { atomic_max(max, kernels.max_abs({master + i * kChunk, length(i)})); });
  const int t = quantize_shift(max.load(std::memory_order_relaxed), 8);
  pool.run(chunks, [&](int64_t i, int) { kernels.quantize_fixed({master + i * kChunk, length(i), t, dst + i * kChunk}); });
  return t;
}

}  // namespace intrain
