#include "base/formats.h"
#include "base/rounding.h"
#include "ops/pool/pool.h"

namespace intrain::ops {

void global_average_pool_reference(const uint8_t* src, int64_t pixels, int channels, int shift, uint8_t* dst) {
  for (int c = 0; c < channels; ++c) {
    int64_t sum = 0;
    for (int64_t i = 0; i < pixels; ++i) sum += src[i * channels + c];
    dst[c] = static_cast<uint8_t>(clamp(div_round(sum << shift, pixels), 0, kU8Max));
  }
}

PoolReciprocal pool_reciprocal(int64_t pixels) {
  const int log2 = bit_length(static_cast<uint64_t>(pixels)) - 1;
  return {static_cast<int32_t>(div_round(int64_t{1} << (15 + log2), pixels)), log2};
}

void global_average_pool_backward_reference(const int16_t* diff_dst, int64_t pixels, int channels, int32_t r, int16_t* diff_src) {
  for (int64_t i = 0; i < pixels; ++i)
    for (int c = 0; c < channels; ++c)
      diff_src[i * channels + c] = static_cast<int16_t>(rshift_round(int64_t{diff_dst[c]} * r, 15));
}

void max_pool_reference(const MaxPool& p, const uint8_t* src, uint8_t* dst, uint8_t* index) {
  for (int oh = 0; oh < p.oh(); ++oh)
    for (int ow = 0; ow < p.ow(); ++ow)
      for (int c = 0; c < p.c; ++c) {
        int best = -1, tap = 0;
        for (int kh = 0; kh < p.size; ++kh)
          for (int kw = 0; kw < p.size; ++kw) {
            const int ih = oh * p.stride - p.pad + kh, iw = ow * p.stride - p.pad + kw;
            if (ih < 0 || ih >= p.h || iw < 0 || iw >= p.w) continue;
            const int v = src[(int64_t{ih} * p.w + iw) * p.c + c];
            if (v > best) {
              best = v;
              tap = kh * p.size + kw;
            }
          }
        const int64_t o = (int64_t{oh} * p.ow() + ow) * p.c + c;
        dst[o] = static_cast<uint8_t>(best);
        index[o] = static_cast<uint8_t>(tap);
      }
}

void max_pool_backward_reference(const MaxPool& p, const int16_t* diff_dst, const uint8_t* index, int32_t* diff_src) {
  for (int64_t i = 0; i < int64_t{p.h} * p.w * p.c; ++i) diff_src[i] = 0;
  for (int oh = 0; oh < p.oh(); ++oh)
    for (int ow = 0; ow < p.ow(); ++ow)
      for (int c = 0; c < p.c; ++c) {
        const int64_t o = (int64_t{oh} * p.ow() + ow) * p.c + c;
        const int ih = oh * p.stride - p.pad + index[o] / p.size, iw = ow * p.stride - p.pad + index[o] % p.size;
        diff_src[(int64_t{ih} * p.w + iw) * p.c + c] += diff_dst[o];
      }
}

}  // namespace intrain::ops
