#include "base/formats.h"
#include "base/rounding.h"
#include "ops/depthwise/depthwise.h"

namespace intrain::ops {
namespace {

// Channel c of pixel (y, x), 0 outside the image. Params: of either kernel.
template <class Params>
int source(const Params& p, int y, int x, int c) {
  if (y < 0 || y >= p.h || x < 0 || x >= p.w) return 0;
  const int64_t at = (int64_t{y} * p.w + x) * p.channels + c;
  return p.signed_src ? static_cast<const int8_t*>(p.src)[at] : static_cast<const uint8_t*>(p.src)[at];
}

}  // namespace

void depthwise_conv_reference(const DepthwiseConv& p) {
  for (int y = p.first; y < p.first + p.rows; ++y)
    for (int x = 0; x < p.cols; ++x)
      for (int c = 0; c < p.channels; ++c) {
        int32_t sum = 0;
        for (int i = 0; i < p.taps_h; ++i)
          for (int j = 0; j < p.taps_w; ++j)
            sum += source(p, y * p.stride + p.origin_h + i, x * p.stride + p.origin_w + j, c) *
                   p.wei[(int64_t{i} * p.taps_w + j) * p.channels + c];
        const int64_t at = (y - p.first) * p.row_step + x * p.pixel_step + c;
        if (p.dst32 != nullptr)
          p.dst32[at] = sum;
        else
          p.dst16[at] = static_cast<int16_t>(clamp(rshift_round(sum, p.shift[c]), -kS16Max, kS16Max));
      }
}

void depthwise_weights_reference(const DepthwiseWeights& p) {
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int c = 0; c < p.channels; ++c) {
        int64_t sum = 0;
        for (int y = p.first; y < p.first + p.rows; ++y)
          for (int x = 0; x < p.cols; ++x)
            sum += source(p, y * p.stride - p.pad + i, x * p.stride - p.pad + j, c) *
                   p.diff_dst[(int64_t{y} * p.cols + x) * p.channels + c];
        p.diff_wei[(i * 3 + j) * int64_t{p.channels} + c] += sum;
      }
}

}  // namespace intrain::ops
