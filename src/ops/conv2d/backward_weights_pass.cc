#include "ops/conv2d/backward_weights_pass.h"

#include <algorithm>

#include "base/formats.h"
#include "core/check.h"
#include "ops/conv2d/depthwise.h"

namespace intrain::ops {

// The definition.
uint64_t BackwardWeightsPass::run_reference(int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei) const {
  std::fill_n(diff_wei, problem_.shape.weights(), 0);
  conv2d_backward_weights_reference(problem_.shape, images, src, diff_dst, diff_wei);
  return problem_.kernels->sgd_grad_max({diff_wei, 0, problem_.shape.weights()});
}

void BackwardWeightsPass::plan(const ConvProblem& problem) {
  problem_ = problem;
  if (!problem.has_tile()) {
    way_ = Way::kReference;
  } else if (problem.depthwise()) {
    way_ = Way::kDepthwise;
  } else if (WeightsOfFewChannels::takes(problem)) {
    way_ = Way::kFewChannels;
    few_channels_.plan(problem);
  } else {
    way_ = Way::kByTap;
    by_tap_.plan(problem);
  }
}

size_t BackwardWeightsPass::workspace_bytes() const {
  switch (way_) {
    case Way::kReference:
      return 0;
    case Way::kDepthwise:
      return backward_weights_depthwise_bytes(problem_);
    case Way::kFewChannels:
      return few_channels_.workspace_bytes();
    case Way::kByTap:
      return by_tap_.workspace_bytes();
  }
  return 0;
}

// A product of an activation, 255 at most, and an error, 127 at most, for each pixel.
bool BackwardWeightsPass::sums_fit_s32() const {
  return way_ == Way::kByTap && problem_.max_images * problem_.shape.dst_pixels() * kU8Max * kS8Max <= int64_t{1} << 30;
}

uint64_t BackwardWeightsPass::run(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, ExactSums diff_wei,
                                  uint8_t* workspace) const {
  if (way_ == Way::kByTap) return by_tap_.run(pool, images, src, diff_dst, diff_wei, workspace);
  int64_t* const sums = diff_wei.wide;
  CHECK_TRUE(sums != nullptr);
  if (way_ == Way::kDepthwise) return backward_weights_depthwise(problem_, pool, images, src, diff_dst, sums, workspace);
  if (way_ == Way::kFewChannels) return few_channels_.run(pool, images, src, diff_dst, sums, workspace);
  return run_reference(images, src, diff_dst, sums);
}

}  // namespace intrain::ops
