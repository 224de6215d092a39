// E2 of one image, as ops/error/error.h and ops/batch_norm/batch_norm.h define it and to the bit the same: a block of random bits is drawn once for
// the 16 elements that share it, and only where one of them is cut.
#pragma once

#include <cstdint>

#include "ops/batch_norm/batch_norm.h"
#include "ops/error/error.h"

namespace intrain::micro {

// As error_quantize_reference and the two of NormBackward, of one plane, with random bits, from the first element on.
void quantize_error(const ops::ErrorQuantize& p);
uint32_t norm_backward_max(const ops::NormBackward& p);
void quantize_norm_backward(const ops::NormBackward& p);

}  // namespace intrain::micro
