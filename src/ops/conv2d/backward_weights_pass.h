// The backward weights pass of Conv2d: the definition, the kernels of depthwise/, or a product in one of two forms.
#pragma once

#include <cstdint>

#include "base/exact_sums.h"
#include "core/parallel.h"
#include "ops/conv2d/backward_weights_by_tap.h"
#include "ops/conv2d/backward_weights_few_channels.h"
#include "ops/conv2d/conv_problem.h"

namespace intrain::ops {

class BackwardWeightsPass {
 public:
  void plan(const ConvProblem& problem);
  size_t workspace_bytes() const;
  // diff_wei: of s32 only where sums_fit_s32(). Returns max |diff_wei|.
  uint64_t run(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, ExactSums diff_wei,
               uint8_t* workspace) const;
  bool sums_fit_s32() const;

 private:
  enum class Way { kReference, kDepthwise, kFewChannels, kByTap };
  uint64_t run_reference(int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei) const;

  ConvProblem problem_;
  Way way_ = Way::kReference;
  WeightsByTap by_tap_;
  WeightsOfFewChannels few_channels_;
};

}  // namespace intrain::ops
