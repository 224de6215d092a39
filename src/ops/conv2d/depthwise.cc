#include "ops/conv2d/depthwise.h"

#include <algorithm>

#include "base/rounding.h"

namespace intrain::ops {
namespace {

constexpr int kWeightPixels = 256;  // of the error, of a task of backward weights, about: its rows stay in the second-level cache

size_t sums_bytes(const ConvProblem& problem) { return align_up(static_cast<size_t>(problem.shape.weights()) * 8); }

}  // namespace

void pack_depthwise(const ConvProblem& problem, const int8_t* wei, uint8_t* packed) {
  const int channels = problem.shape.k;
  problem.kernels->pack_transpose({reinterpret_cast<const uint8_t*>(wei), 9, channels, 9, {1, 1, true, 0}, packed, channels});
}

void forward_depthwise(const ConvProblem& problem, const uint8_t* image, const uint8_t* packed, int first, int rows,
                       int32_t* dst32, int16_t* dst16, const int32_t* shift) {
  const ConvShape& s = problem.shape;
  problem.kernels->depthwise_conv({image, s.signed_src, s.h, s.w, s.c, reinterpret_cast<const int8_t*>(packed), 3, 3, s.stride,
                                   -s.pad, -s.pad, first, rows, s.ow(), int64_t{s.ow()} * s.k, s.k, dst32, dst16, shift});
}

// Sums of each thread, [3][3][channels].
size_t backward_weights_depthwise_bytes(const ConvProblem& problem) {
  return sums_bytes(problem) * static_cast<size_t>(problem.threads);
}

uint64_t backward_weights_depthwise(const ConvProblem& problem, ThreadPool& pool, int images, const uint8_t* src,
                                    const int8_t* diff_dst, int64_t* diff_wei, uint8_t* workspace) {
  const ConvShape& s = problem.shape;
  const int64_t slot = static_cast<int64_t>(sums_bytes(problem)) / 8;
  int64_t* const sums = reinterpret_cast<int64_t*>(workspace);
  const int rows = std::max(1, kWeightPixels / s.ow()), strips = (s.oh() + rows - 1) / rows;
  std::fill_n(sums, slot * problem.threads, 0);
  pool.run(int64_t{images} * strips, [&](int64_t task, int thread) {
    const int64_t image = task / strips;
    const int first = static_cast<int>(task % strips) * rows;
    problem.kernels->depthwise_weights({src + image * s.src_pixels() * s.c, s.signed_src, s.h, s.w, s.c,
                                        diff_dst + image * s.dst_pixels() * s.k, s.stride, s.pad, first,
                                        std::min(rows, s.oh() - first), s.ow(), sums + thread * slot});
  });
  uint64_t max = 0;
  for (int c = 0; c < s.c; ++c)
    for (int tap = 0; tap < 9; ++tap) {
      int64_t sum = 0;
      for (int t = 0; t < problem.threads; ++t) sum += sums[t * slot + int64_t{tap} * s.c + c];
      diff_wei[int64_t{c} * 9 + tap] = sum;
      max = std::max(max, magnitude(sum));
    }
  return max;
}

}  // namespace intrain::ops
