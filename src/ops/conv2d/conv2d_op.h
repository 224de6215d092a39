// Convolution over a thread pool: the scalar reference, or the three passes lowered onto an ISA's register tile. Start reading
// here.
//
// Every pass becomes "rows of a times packed b", one image and one group at a time:
//
//   pass              rows of a (TileArgs.a)             b, packed                     reduction
//   forward           output pixels of the padded image  weights, columns = k          segments kh, steps (kw, c)
//   backward data     pixels of one stride phase of dx,  weights, columns = c          segments kh', steps (kw', k)
//                     over the padded error
//   backward weights  channels c of the planar image,    the error of one image,       segments oh, steps ow
//                     shifted by the tap                 columns = k
//
// Nothing of im2col size is ever written: the segments' offsets walk the padded image. Backward data of stride s is s x s
// convolutions of stride 1, one for each (h mod s, w mod s), with the taps that reach that phase.
//
// A tile that multiplies u8 stores a signed operand + 128 and starts from -128 * sum of b (TileKernel::signed_offset).
#pragma once

#include <cstdint>
#include <vector>

#include "core/parallel.h"
#include "ops/kernels.h"

namespace intrain::ops {

// Where a forward pass writes: s16 staged by shift[k], or the s32 sums.
struct ConvDst {
  const int32_t* shift = nullptr;
  int16_t* s16 = nullptr;
  int32_t* s32 = nullptr;
};

// What backward data calls for each image when its sums are complete; may run on several threads.
class ImageSink {
 public:
  virtual void image(int image, const int32_t* diff_src) = 0;

 protected:
  ~ImageSink() = default;
};

class Conv2d {
 public:
  // Allocates the small index tables. backward_data: pack for it too. Throws nothing; CHECKs the bounds of formats.h.
  void plan(const ConvShape& shape, const Kernels& kernels, int threads, bool backward_data);

  const ConvShape& shape() const { return shape_; }
  size_t packed_bytes() const { return forward_.bytes + backward_.bytes; }  // must be zero before the first pack_weights
  size_t forward_workspace_bytes() const;
  size_t backward_data_workspace_bytes() const;
  size_t backward_weights_workspace_bytes() const;

  // Once after each change of the weights.
  void pack_weights(const int8_t* wei, uint8_t* packed) const;

  void forward(ThreadPool& pool, int images, const void* src, const int8_t* wei, const uint8_t* packed, const ConvDst& dst,
               uint8_t* workspace) const;
  void backward_data(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, const uint8_t* packed,
                     ImageSink& sink, uint8_t* workspace) const;
  // diff_wei is overwritten with the exact sums.
  void backward_weights(ThreadPool& pool, int images, const void* src, const int8_t* diff_dst, int64_t* diff_wei,
                        uint8_t* workspace) const;

 private:
  // One packed matrix b for each group and phase: k_size rows, `columns` columns padded to whole vectors, then the columns'
  // initial sums (s32).
  struct Packed {
    int padded_columns = 0;
    size_t bytes = 0;
  };
  // Backward data for the pixels (h % stride, w % stride) = (py, px): which taps, and where the padded error is read.
  struct Phase {
    int py, px;
    int rows, cols;          // pixels of this phase
    int taps_h, taps_w;      // 0: the gradient is 0
    int tap0_h, tap0_w;      // smallest kernel index
    int origin_h, origin_w;  // padded error coordinate of pixel 0, tap 0
    size_t packed_at;        // bytes from the group's backward matrices
    std::vector<int64_t> offset;
  };

  int padded(int n) const { return (n + kernels_.tile->k_unit - 1) / kernels_.tile->k_unit * kernels_.tile->k_unit; }
  int columns(int n) const { return (n + kernels_.tile->lanes - 1) / kernels_.tile->lanes * kernels_.tile->lanes; }
  size_t matrix_bytes(int64_t k_size, int n) const;
  bool direct_source() const;

  template <class Element>
  void pack_weights_as(const int8_t* wei, uint8_t* packed) const;
  template <class Element>
  void forward_image(const void* src, const uint8_t* packed, const ConvDst& dst, int image, uint8_t* scratch) const;
  template <class Element>
  void backward_data_image(const int8_t* diff_dst, const uint8_t* packed, int32_t* diff_src, uint8_t* scratch) const;
  template <class Element>
  void backward_weights_image(const void* src, const int8_t* diff_dst, int32_t* acc, uint8_t* scratch) const;

  size_t forward_scratch() const;
  size_t backward_data_scratch() const;
  size_t backward_weights_scratch() const;
  int64_t weight_sums() const;  // s32 sums of backward weights a thread
  int planar_width() const { return (shape_.kw - 1) / shape_.stride + padded(shape_.ow()); }
  int planar_height() const { return (shape_.oh() - 1) * shape_.stride + shape_.kh; }

  ConvShape shape_{};
  Kernels kernels_{};
  int threads_ = 1;
  Packed forward_, backward_;
  std::vector<int64_t> forward_offset_, weights_offset_;
  std::vector<Phase> phases_;
  int error_pad_h_ = 0, error_pad_w_ = 0, error_h_ = 0, error_w_ = 0;  // the padded error
};

}  // namespace intrain::ops
