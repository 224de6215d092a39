// Convolution over a thread pool: the scalar reference, or the three passes lowered onto an ISA's register tile. Start reading
// here.
//
// Every pass becomes "rows of a times packed b", one group at a time, over strips that stay in cache:
//
//   pass              rows of a (TileArgs.a)             b, packed                     reduction
//   forward           pixels of a strip of output rows   weights, columns = k          segments kh, steps (kw, c)
//                     in the padded image
//   backward data     pixels of dx of one offset within  weights, columns = c          segments kh', steps (kw', k)
//                     a stride, over the padded error
//   backward weights  channels k of the planar error,    rows of x of one offset       segments (image, row), steps columns
//                     moved by the tap                   within a stride, columns = c
//
// Nothing of im2col size is ever written: the segments' offsets walk the padded image. Backward data of stride s is s x s
// convolutions of stride 1, one for each offset (h mod s, w mod s), with the taps that reach it; backward weights splits x into the
// same. A 1x1 convolution of stride 1 is one long list of pixels over all images ("flat"). Where the input has fewer channels
// than a vector has lanes (images), backward weights takes the taps as rows of a and k as columns. Depthwise 3x3 convolutions
// have nothing to multiply as matrices: their strips run the kernels of depthwise.h.
//
// How a and b are packed, and what corrects an operand that had to be moved by 128, is the tile's to say (tile_product, gemm.h).
//
// Threads share the strips of forward and the images of backward data; when there are too few (small batches, small maps), they share
// strips and columns in both. In backward weights they share taps, columns and blocks of rows.
#pragma once

#include <cstdint>

#include "base/exact_sums.h"
#include "ops/conv2d/backward_data_pass.h"
#include "ops/conv2d/backward_weights_pass.h"
#include "ops/conv2d/forward_pass.h"

namespace intrain::ops {

class Conv2d {
 public:
  // Allocates the small index tables, for batches of up to max_images. CHECKs the bounds of formats.h. The kernels must outlive it.
  void plan(const ConvShape& shape, const Kernels& kernels, int threads, int max_images, bool backward_data);

  const ConvShape& shape() const { return shape_; }
  size_t packed_bytes() const { return forward_.packed_bytes(); }
  size_t forward_workspace_bytes() const { return forward_.workspace_bytes(); }
  int64_t strip_pixels() const { return forward_.strip_pixels(); }  // the most there are in a strip
  size_t strip_bytes() const { return forward_.strip_bytes(); }     // of ConvDst::s16 with strips
  size_t backward_data_workspace_bytes() const { return backward_data_.workspace_bytes(); }
  size_t backward_weights_workspace_bytes() const { return backward_weights_.workspace_bytes(); }

  // For forward, once after each change of the weights.
  void pack_weights(ThreadPool& pool, const int8_t* wei, uint8_t* packed) const { forward_.pack_weights(pool, wei, packed); }

  // sink may be null.
  void forward(ThreadPool& pool, int images, const void* src, const int8_t* wei, const uint8_t* packed, const ConvDst& dst,
               StripSink* sink, uint8_t* workspace) const {
    forward_.run(pool, images, static_cast<const uint8_t*>(src), wei, packed, dst, sink, workspace);
  }
  // Only if it has been planned with backward_data, or without a tile.
  void backward_data(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, ImageSink& sink,
                     uint8_t* workspace) const {
    backward_data_.run(pool, images, diff_dst, wei, sink, workspace);
  }
  // diff_wei is overwritten with the exact sums, and may be s32 if they fit. Returns max |diff_wei|.
  uint64_t backward_weights(ThreadPool& pool, int images, const void* src, const int8_t* diff_dst, ExactSums diff_wei,
                            uint8_t* workspace) const {
    return backward_weights_.run(pool, images, static_cast<const uint8_t*>(src), diff_dst, diff_wei, workspace);
  }
  // Whether the sums over max_images fit s32, within the 2^30 that the optimizer takes, and backward_weights is the faster for it.
  bool weight_sums_fit_s32() const { return backward_weights_.sums_fit_s32(); }

 private:
  ConvShape shape_{};
  ForwardPass forward_;
  BackwardDataPass backward_data_;
  BackwardWeightsPass backward_weights_;
};

}  // namespace intrain::ops
