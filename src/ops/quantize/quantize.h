// Quantization of stored parameters to what the operators use. Stored values are s32 in +-(2^31 - 1).
//
// W of convolutions and linear layers, shift quantization, nearest, one exponent a layer: t = weight_shift(max |master|), the maximum by the
// kernel max_abs, then quantize_stored by t; the exponent of dst is weight_exp(t). gamma and beta likewise by kGammaShift, on their fixed grid.
#pragma once

#include <cstdint>

#include "base/formats.h"
#include "base/widths.h"

namespace intrain::ops {

// dst = clamp(round(master / 2^shift), +-127), 0 <= shift <= 24.
struct QuantizeFixed {
  const int32_t* master;
  int64_t count;
  int shift;
  int8_t* dst;
};
void quantize_fixed_reference(const QuantizeFixed& p);

// t of W: quantize_shift(max |master|, 8), in [0, 24], or that of the fixed grid 2^-7 (widths.fixed_w); then kept within least and most.
int weight_shift(uint32_t max, const Widths& widths, int least = 0, int most = 24);
constexpr int weight_exp(int t) { return kMasterExp + t; }
constexpr int kGammaShift = kGammaExp - kMasterExp;

// To a width of `bits`, 2 to 8: clamp(round(master / 2^(shift + 8 - bits)), +-(2^(bits-1) - 1)) 2^(8-bits). Kernels take it in two steps:
// quantize_fixed by stored_shift, where that is at most kMostStoredShift, for their sums in s32 hold no further (beyond lie stored values of
// 64 and more at fewer than 8 bits), and narrow_s8.
constexpr int kMostStoredShift = 24;
constexpr int stored_shift(int shift, int bits) { return shift + 8 - bits; }
void quantize_stored_reference(const QuantizeFixed& p, int bits);

// All of W, as above, to widths.w bits. Returns t.
int quantize_weights_reference(const int32_t* master, int64_t count, const Widths& widths, int least, int most, int8_t* dst);

// dst = clamp(scale_pow2(master, kMasterExp - exp), +-(2^31 - 1)): the bias of a linear layer at its accumulator's exponent.
void rescale_bias_reference(const int32_t* master, int64_t count, int exp, int32_t* dst);

// dst[r] = sum |w| over each of `rows` rows; row_size at most kMaxReduction.
struct L1Norms {
  const int8_t* wei;
  int64_t rows;
  int64_t row_size;
  int64_t* dst;
};
void l1_norms_reference(const L1Norms& p);

}  // namespace intrain::ops
