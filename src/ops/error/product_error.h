// E2, the error that the two products of a layer's backward pass take, of all widths: its scale, and how the sums of two planes (split_error.h)
// become one. Where E2 is one plane, that is the upper.
//
// What becomes E2 has an exponent e and a maximum M, over the tensor and all ranks. With bits = widths.e2_bits(), t = quantize_shift(M, bits):
//   unit = e + t
//   the upper plane's exponent: unit, or unit + 8 of split planes (more than 8 bits); the lower's: e2_plane_shift() less
//   the shift of ErrorQuantize: t, and 8 - widths.e2 more for fewer than 8 bits, which narrow_s8 takes back
#pragma once

#include <cstdint>

#include "base/rounding.h"
#include "base/widths.h"
#include "ops/split_error.h"

namespace intrain::ops {

struct ProductScale {
  int shift;  // of ErrorQuantize, for what has one exponent
  int unit;
  int exp;  // of the upper plane
};
ProductScale product_scale(uint64_t max, int exp, const Widths& widths);

// Where what becomes E2 has an exponent and a maximum of each image: the largest exp + quantize_shift(max, bits) over the images that are not
// zero, kNoError (error.h) if all are; then over all ranks, from which follow unit (0 for kNoError) and exp.
int product_unit(const int32_t* exp, const int32_t* max, int images, const Widths& widths);
ProductScale product_scale_of(int64_t unit, const Widths& widths);
// The shift of an image of s16 and of the exponent `exp`, 0 if it is all zero. Of 16 bits nothing is left from a shift of 24 on, and of the
// flag format's lower range, 2^7 times finer, from 31 on.
int product_shift(const ProductScale& scale, int exp, int32_t max, const Widths& widths);

// ErrorPlane::limit: 2^(bits-1) - 1, at most kPlanesMax.
int plane_limit(const Widths& widths);

constexpr int lower_plane_exp(int exp, const Widths& widths) { return exp - widths.e2_plane_shift(); }

// Two planes' sums as those of the number that they are, at the lower one's exponent: upper = upper 2^e2_plane_shift() + lower, over
// [begin, end). A sum of E2 is below 2^29 elements times 2^7, one of E2 times an activation below 2^44: times 2^8 no product leaves s64.
void add_plane_sums(int64_t* upper, const int64_t* lower, int64_t begin, int64_t end, const Widths& widths);

// The two planes themselves, |.| <= 127 * 2^8 + 127.
void merge_planes(const int8_t* upper, const int8_t* lower, int64_t count, const Widths& widths, int16_t* dst);

// d_bias[k] = the sum of E2 over `rows` rows of `channels`; lower: null, or the other plane. At the exponent of the last plane there is.
void bias_gradient(const int8_t* upper, const int8_t* lower, int64_t rows, int64_t channels, const Widths& widths, int64_t* grad);

}  // namespace intrain::ops
