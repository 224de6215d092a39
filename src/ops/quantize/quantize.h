// Quantization of stored parameters to what the operators use.
#pragma once

#include <cstdint>

namespace intrain::ops {

// Shift quantization, nearest: t = quantize_shift(max |master|, 8), dst = quantize(master, t, 8). Returns t: the exponent of dst
// is kMasterExp + t. W of convolutions and linear layers, one exponent a layer.
int quantize_weights_reference(const int32_t* master, int64_t count, int8_t* dst);

// A fixed grid: dst = clamp(round(master / 2^shift), +-127). gamma and beta, shift = kGammaExp - kMasterExp.
void quantize_fixed_reference(const int32_t* master, int64_t count, int shift, int8_t* dst);

// dst = clamp(scale_pow2(master, kMasterExp - exp), +-(2^31 - 1)): the bias of a linear layer at its accumulator's exponent.
void rescale_bias_reference(const int32_t* master, int64_t count, int exp, int32_t* dst);

// sum |w| over each of `rows` rows.
void l1_norms_reference(const int8_t* wei, int64_t rows, int64_t row_size, int64_t* dst);

}  // namespace intrain::ops
