#include "ops/conv2d/conv2d_op.h"

#include "base/formats.h"
#include "core/check.h"

namespace intrain::ops {

void Conv2d::plan(const ConvShape& shape, const Kernels& kernels, int threads, int max_images, bool backward_data) {
  CHECK_LE(shape.fan_in(), kMaxReduction);
  CHECK_LE(shape.taps() * shape.group_k(), kMaxReduction);
  CHECK_LE(shape.dst_pixels(), kMaxReduction);
  CHECK_LE(shape.kh, shape.h + 2 * shape.pad_h());
  CHECK_LE(shape.kw, shape.w + 2 * shape.pad);
  if (kernels.tile != nullptr) {
    CHECK_LE(kernels.tile->lanes, TileKernel::kMaxLanes);
    CHECK_LE(kernels.tile->depth, TileKernel::kMaxDepth);
  }
  *this = {};
  shape_ = shape;
  const ConvProblem problem{shape, &kernels, threads, max_images};
  forward_.plan(problem);
  if (backward_data) backward_data_.plan(problem);
  backward_weights_.plan(problem);
}

}  // namespace intrain::ops
