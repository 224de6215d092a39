#include "base/formats.h"
#include "base/rounding.h"
#include "ops/pool/pool.h"

namespace intrain::ops {

void global_average_pool_reference(const AveragePool& p) {
  for (int c = 0; c < p.channels; ++c) {
    int64_t sum = 0;
    for (int64_t i = 0; i < p.pixels; ++i) sum += p.src[i * p.channels + c];
    p.dst[c] = static_cast<uint8_t>(clamp(div_round(sum << p.shift, p.pixels), 0, kU8Max));
  }
}

PoolReciprocal pool_reciprocal(int64_t pixels) {
  const int log2 = bit_length(static_cast<uint64_t>(pixels)) - 1;
  return {static_cast<int32_t>(div_round(int64_t{1} << (15 + log2), pixels)), log2};
}

int32_t average_pool_backward_max(int32_t max, const PoolReciprocal& reciprocal) {
  return static_cast<int32_t>(rshift_round(int64_t{max} * reciprocal.r, 15));
}

void global_average_pool_backward_reference(const AveragePoolBackward& p) {
  for (int64_t i = 0; i < p.pixels; ++i)
    for (int c = 0; c < p.channels; ++c)
      p.diff_src[i * p.channels + c] = static_cast<int16_t>(rshift_round(int64_t{p.diff_dst[c]} * p.r, 15));
}

void max_pool_reference(const MaxPoolForward& pass) {
  const MaxPoolShape& p = pass.shape;
  for (int oh = 0; oh < p.oh(); ++oh)
    for (int ow = 0; ow < p.ow(); ++ow)
      for (int c = 0; c < p.c; ++c) {
        int best = -1, tap = 0;
        for (int kh = 0; kh < p.size; ++kh)
          for (int kw = 0; kw < p.size; ++kw) {
            const int ih = oh * p.stride - p.pad + kh, iw = ow * p.stride - p.pad + kw;
            if (ih < 0 || ih >= p.h || iw < 0 || iw >= p.w) continue;
            const int v = pass.src[(int64_t{ih} * p.w + iw) * p.c + c];
            if (v > best) {
              best = v;
              tap = kh * p.size + kw;
            }
          }
        const int64_t o = (int64_t{oh} * p.ow() + ow) * p.c + c;
        pass.dst[o] = static_cast<uint8_t>(best);
        pass.index[o] = static_cast<uint8_t>(tap);
      }
}

void max_pool_backward_reference(const MaxPoolBackward& pass) {
  const MaxPoolShape& p = pass.shape;
  for (int64_t i = 0; i < int64_t{p.h} * p.w * p.c; ++i) pass.diff_src[i] = 0;
  for (int oh = 0; oh < p.oh(); ++oh)
    for (int ow = 0; ow < p.ow(); ++ow)
      for (int c = 0; c < p.c; ++c) {
        const int64_t o = (int64_t{oh} * p.ow() + ow) * p.c + c;
        const int ih = oh * p.stride - p.pad + pass.index[o] / p.size, iw = ow * p.stride - p.pad + pass.index[o] % p.size;
        pass.diff_src[(int64_t{ih} * p.w + iw) * p.c + c] += pass.diff_dst[o];
      }
}

}  // namespace intrain::ops
