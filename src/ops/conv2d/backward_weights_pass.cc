#include "ops/conv2d/backward_weights_pass.h"

#include <algorithm>

#include "ops/conv2d/depthwise.h"

namespace intrain::ops {

// The definition.
void BackwardWeightsPass::run_reference(int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei) const {
  std::fill_n(diff_wei, problem_.shape.weights(), 0);
  conv2d_backward_weights_reference(problem_.shape, images, src, diff_dst, diff_wei);
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

void BackwardWeightsPass::run(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei,
                              uint8_t* workspace) const {
  switch (way_) {
    case Way::kReference:
      return run_reference(images, src, diff_dst, diff_wei);
    case Way::kDepthwise:
      return backward_weights_depthwise(problem_, pool, images, src, diff_dst, diff_wei, workspace);
    case Way::kFewChannels:
      return few_channels_.run(pool, images, src, diff_dst, diff_wei, workspace);
    case Way::kByTap:
      return by_tap_.run(pool, images, src, diff_dst, diff_wei, workspace);
  }
}

}  // namespace intrain::ops
