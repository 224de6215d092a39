// The three products of a layer on one image, as ops/conv2d/conv2d.h defines them and to the bit the same, for processors without vectors:
// several sums at once stay in registers, so that one number read enters several products, and each sum is written once.
#pragma once

#include <cstdint>

#include "base/formats.h"
#include "base/shapes.h"

namespace intrain::micro {

// As conv2d_forward_reference.
void product(const ConvShape& shape, const void* src, const int8_t* wei, int32_t* dst);
// As conv2d_backward_data_reference.
void product_backward_data(const ConvShape& shape, const int8_t* diff_dst, const int8_t* wei, int32_t* diff_src);
// As conv2d_backward_weights_reference, but that it writes the sums instead of adding them, and in s32: a sum has a product of u8 or s8 and of s8 an
// output pixel, and NetBuilder takes no layer of more than kMaxReduction = 66,000 of those: |sum| <= 66,000 * 255 * 127 < 2^31.
static_assert(kMaxReduction <= kMaxProductsU8S8);
void product_backward_weights(const ConvShape& shape, const void* src, const int8_t* diff_dst, int32_t* diff_wei);

}  // namespace intrain::micro
