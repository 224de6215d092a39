// W as it enters the products from the stored W, shared by the threads.
#pragma once

#include <algorithm>
#include <atomic>

#include "base/formats.h"
#include "base/widths.h"
#include "core/atomic_max.h"
#include "core/parallel.h"
#include "core/parameter.h"
#include "ops/kernels.h"

namespace intrain {

// quantize_fixed for a width of 2 to 8 bits.
inline void quantize_stored(const ops::Kernels& kernels, ops::QuantizeFixed p, int bits) {
  p.shift += 8 - bits;
  // The kernels' sums in s32 hold for shifts to 24; beyond lie stored values of 64 and more at fewer than 8 bits.
  p.shift <= 24 ? kernels.quantize_fixed(p) : ops::quantize_fixed_reference(p);
  if (bits < 8) kernels.narrow_s8({p.dst, p.count, bits});
}

// To widths.w bits. Returns t of ops/quantize/quantize.h, kept within least and most, or that of the fixed grid 2^-7: the exponent of dst
// is kMasterExp + t.
inline int quantize_weights(const ops::Kernels& kernels, ThreadPool& pool, const Parameter& weight, const Widths& widths,
                            int8_t* dst, int least = 0, int most = 24) {
  constexpr int64_t kChunk = 1 << 15;
  const int64_t count = weight.count(), chunks = (count + kChunk - 1) / kChunk;
  const int32_t* master = weight.master.data();
  const auto length = [&](int64_t chunk) { return std::min(kChunk, count - chunk * kChunk); };
  int t = kFixedWeightExp - kMasterExp;
  if (!widths.fixed_w) {
    std::atomic<uint32_t> max{0};
    pool.run(chunks, [&](int64_t i, int) { atomic_max(max, kernels.max_abs({master + i * kChunk, length(i)})); });
    t = quantize_shift(max.load(std::memory_order_relaxed), 8);
  }
  t = std::clamp(t, least, most);
  pool.run(chunks, [&](int64_t i, int) {
    quantize_stored(kernels, {master + i * kChunk, length(i), t, dst + i * kChunk}, widths.w);
  });
  return t;
}

}  // namespace intrain
