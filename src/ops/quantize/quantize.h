// Quantization of stored parameters to what the operators use. Stored values are s32 in +-(2^31 - 1).
//
// W of convolutions and linear layers, shift quantization, nearest, one exponent a layer: t = quantize_shift(max |master|, 8) in
// [0, 24] (the maximum by the kernel max_abs), then quantize_fixed by t; the exponent of dst is kMasterExp + t.
#pragma once

#include <cstdint>

namespace intrain::ops {

// dst = clamp(round(master / 2^shift), +-127), 0 <= shift <= 24. W; gamma and beta, on a fixed grid: shift = kGammaExp - kMasterExp.
struct QuantizeFixed {
  const int32_t* master;
  int64_t count;
  int shift;
  int8_t* dst;
};
void quantize_fixed_reference(const QuantizeFixed& p);

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
