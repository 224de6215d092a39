// W as it enters the products from the stored W, shared by the threads.
#pragma once

#include <algorithm>
#include <atomic>

#include "base/widths.h"
#include "core/atomic_max.h"
#include "core/parallel.h"
#include "core/parameter.h"
#include "ops/kernels.h"

namespace intrain {

// ops::quantize_stored_reference by kernels.
inline void quantize_stored(const ops::Kernels& kernels, ops::QuantizeFixed p, int bits) {
  if (ops::stored_shift(p.shift, bits) > ops::kMostStoredShift) return ops::quantize_stored_reference(p, bits);
  p.shift = ops::stored_shift(p.shift, bits);
  kernels.quantize_fixed(p);
  if (bits < 8) kernels.narrow_s8({p.dst, p.count, bits});
}

// ops::quantize_weights_reference by kernels and threads; W is read once where its maximum is known.
inline int quantize_weights(const ops::Kernels& kernels, ThreadPool& pool, const Parameter& weight, const Widths& widths,
                            int8_t* dst, int least = 0, int most = 24) {
  constexpr int64_t kChunk = 1 << 15;
  const int64_t count = weight.count(), chunks = (count + kChunk - 1) / kChunk;
  const int32_t* master = weight.master.data();
  const auto length = [&](int64_t chunk) { return std::min(kChunk, count - chunk * kChunk); };
  std::atomic<uint32_t> max{0};
  if (weight.master_max)
    max = *weight.master_max;
  else if (!widths.fixed_w)  // which asks for none
    pool.run(chunks, [&](int64_t i, int) { atomic_max(max, kernels.max_abs({master + i * kChunk, length(i)})); });
  const int t = ops::weight_shift(max.load(std::memory_order_relaxed), widths, least, most);
  pool.run(chunks, [&](int64_t i, int) {
    quantize_stored(kernels, {master + i * kChunk, length(i), t, dst + i * kChunk}, widths.w);
  });
  return t;
}

}  // namespace intrain
