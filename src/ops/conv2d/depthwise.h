// Depthwise 3x3 convolutions, which have nothing to multiply as matrices: forward and backward weights by the kernels of depthwise/. Backward
// data (backward_data_pass.cc) takes them for its strips.
#pragma once

#include <cstdint>

#include "core/parallel.h"
#include "ops/conv2d/conv_problem.h"

namespace intrain::ops {

// packed: [3][3][channels].
void pack_depthwise(const ConvProblem& problem, const int8_t* wei, uint8_t* packed);

// Rows [first, first + rows) of the output of an image, to dst32 as they are, or to dst16 staged by `shift`; the other is null.
void forward_depthwise(const ConvProblem& problem, const uint8_t* image, const uint8_t* packed, int first, int rows,
                       int32_t* dst32, int16_t* dst16, const int32_t* shift);

size_t backward_weights_depthwise_bytes(const ConvProblem& problem);
// Returns max |diff_wei|.
uint64_t backward_weights_depthwise(const ConvProblem& problem, ThreadPool& pool, int images, const uint8_t* src,
                                    const int8_t* diff_dst, int64_t* diff_wei, uint8_t* workspace);

}  // namespace intrain::ops
