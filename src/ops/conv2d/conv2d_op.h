// Convolution over a thread pool: the scalar reference, or the three passes lowered onto an ISA's register tile. Start reading
// here.
//
// Every pass becomes "rows of a times packed b", one group at a time, over strips that stay in cache:
//
//   pass              rows of a (TileArgs.a)             b, packed                     reduction
//   forward           pixels of a strip of output rows   weights, columns = k          segments kh, steps (kw, c)
//                     in the padded image
//   backward data     pixels of one stride phase of dx,  weights, columns = c          segments kh', steps (kw', k)
//                     over the padded error
//   backward weights  channels k of the planar error,    rows of x of one stride       segments (image, row), steps columns
//                     moved by the tap                   phase, columns = c
//
// Nothing of im2col size is ever written: the segments' offsets walk the padded image. Backward data of stride s is s x s
// convolutions of stride 1, one for each (h mod s, w mod s), with the taps that reach that phase; backward weights splits x into the
// same phases. A 1x1 convolution of stride 1 is one long list of pixels over all images ("flat"). Where the input has fewer channels
// than a vector has lanes (images), backward weights takes the taps as rows of a and k as columns ("narrow"). Depthwise 3x3 convolutions
// have nothing to multiply as matrices: their strips run the kernels of depthwise.h.
//
// A tile of bytes with unsigned a stores a signed one + 128 and starts from -128 * sum of b (TileKernel::signed_offset).
//
// Threads share the strips of forward and the images of backward data; when there are too few (small batches, small maps), they share
// strips and columns in both. In backward weights they share taps, columns and blocks of rows.
#pragma once

#include <cstdint>
#include <vector>

#include "core/parallel.h"
#include "ops/image_sink.h"
#include "ops/kernels.h"

namespace intrain::ops {

// Where a forward pass writes: the s32 sums, or s16 staged by shift[k], either the whole tensor or, for a sink that needs no more,
// strips that are overwritten (Conv2d::strip_bytes).
struct ConvDst {
  const int32_t* shift = nullptr;
  int16_t* s16 = nullptr;
  int32_t* s32 = nullptr;
  bool strips = false;
};

// What a forward pass calls for each strip of staged output pixels, counted over all images, while it is in cache and may
// be changed; on several threads.
class StripSink {
 public:
  virtual void strip(int64_t first_pixel, int64_t pixels, int16_t* staged, int thread) = 0;

 protected:
  ~StripSink() = default;
};

class Conv2d {
 public:
  // Allocates the small index tables, for batches of up to max_images. CHECKs the bounds of formats.h.
  void plan(const ConvShape& shape, const Kernels& kernels, int threads, int max_images, bool backward_data);

  const ConvShape& shape() const { return shape_; }
  size_t packed_bytes() const { return matrix_.bytes; }
  size_t forward_workspace_bytes() const;
  int64_t strip_pixels() const;  // the most there are in a strip
  size_t strip_bytes() const;    // of ConvDst::s16 with strips
  size_t backward_data_workspace_bytes() const;
  size_t backward_weights_workspace_bytes() const;

  // For forward, once after each change of the weights.
  void pack_weights(ThreadPool& pool, const int8_t* wei, uint8_t* packed) const;

  // sink may be null.
  void forward(ThreadPool& pool, int images, const void* src, const int8_t* wei, const uint8_t* packed, const ConvDst& dst,
               StripSink* sink, uint8_t* workspace) const;
  void backward_data(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, ImageSink& sink,
                     uint8_t* workspace) const;
  // diff_wei is overwritten with the exact sums.
  void backward_weights(ThreadPool& pool, int images, const void* src, const int8_t* diff_dst, int64_t* diff_wei,
                        uint8_t* workspace) const;

 private:
  static constexpr int kBlockRows = 48;  // of a, whose sums are handed on at once: a multiple of most tiles' heights

  // A packed matrix b: k_size rows, columns padded to whole vectors, then the columns' initial sums (s32). One after another for each
  // group.
  struct Matrix {
    int64_t k_size = 0;
    int columns = 0;
    size_t group_bytes = 0;
    size_t bytes = 0;
  };
  // Backward data for the pixels (h % stride, w % stride) = (py, px): which taps, and where the padded error is read.
  struct Phase {
    int py, px;
    int rows, cols;          // pixels of this phase
    int taps_h, taps_w;      // 0: the gradient is 0
    int tap0_h, tap0_w;      // smallest kernel index
    int origin_h, origin_w;  // padded error coordinate of pixel 0, tap 0
    size_t packed_at;        // bytes from the first backward matrix
    Matrix matrix;
    std::vector<int64_t> offset;
  };
  // Backward weights. x of phase f is packed by rows of `width` pixels, `rows` an image; the planar error has e_h rows of e_w elements
  // an image after `lead` elements, with zeros where a tap leaves the image: those right of a row are also left of the next. Where rows
  // of both are equally long, the rows of an image, or all rows, are one segment. A flat convolution has pseudo-images of one row. So
  // has a dense one, where rows are no multiple of a step (maps of 14 and 7): an image is a row without gaps, and there is a copy of x
  // for each column of taps, moved by it, with zeros where the tap leaves the image.
  struct WeightTap {
    int phase;
    int shift;  // elements into a planar image for x row 0, column 0
    int index;  // of the tap in diff_wei
  };
  struct WeightPhase {
    int py, px;
    int move;  // of a dense pass: columns by which x is moved
    bool operator==(const WeightPhase&) const = default;
  };
  struct WeightPass {
    bool dense;
    int rows, width, steps;
    int span;  // rows of a segment; 0: all that there are
    int e_h, e_w, pad_h, lead;
    int images;      // (pseudo-)images packed at once, a group
    bool by_images;  // threads share groups and have sums of their own; else they share the work on each group
    int64_t plane;   // elements from one k to the next
    int sub;         // rows of one register sum
    size_t b_bytes;
    std::vector<WeightPhase> phases;
    std::vector<WeightTap> list;
    std::vector<int64_t> offset;
    std::vector<int64_t> zeros;  // as many offsets as a register sum has segments
  };

  // backward_weights_narrow.cc
  struct NarrowPass {
    int strips, rows;  // of an image, of a strip
    int x_rows;        // of x a strip needs
    int phases, pitch;
    int64_t phase_size, b_elements;
    std::vector<int64_t> offset, zeros;
  };

  PackFormat src_format() const;
  PackFormat wei_format() const { return {kernels_.tile->element_bytes, true, 0}; }
  PackFormat error_format(bool unsigned_a) const;
  int padded(int n) const { return (n + kernels_.tile->k_unit - 1) / kernels_.tile->k_unit * kernels_.tile->k_unit; }
  int columns(int n) const { return (n + kernels_.tile->lanes - 1) / kernels_.tile->lanes * kernels_.tile->lanes; }
  int panels(int columns) const {
    const int width = kernels_.tile->lanes * kernels_.tile->max_vectors;
    return (columns + width - 1) / width;
  }
  Matrix matrix(int64_t k_size, int n) const;
  const int32_t* matrix_init(const uint8_t* base, const Matrix& m) const;
  bool direct_source() const;

  void plan_backward_data(int max_images);
  void plan_backward_weights(int max_images);
  template <class Element>
  void pack_weights_as(ThreadPool& pool, const int8_t* wei, uint8_t* packed) const;
  template <class Element>
  void pack_backward(ThreadPool& pool, const int8_t* wei, uint8_t* packed, Element* ones) const;
  template <class Element>
  void pack_rows(const PackFormat& format, const uint8_t* image, int h, int w, int channels, int c0, int c, int first, int rows,
                 int pad_w, int dst_w, int dst_c, Element* dst) const;
  template <class Element>
  void forward_as(ThreadPool& pool, int images, const uint8_t* src, const uint8_t* packed, const ConvDst& dst, StripSink* sink,
                  uint8_t* workspace) const;
  template <class Element>
  void forward_strip(const uint8_t* src, const uint8_t* packed, const ConvDst& dst, int64_t out, int64_t image, int64_t first,
                     int64_t count, int part, int parts, Element* scratch) const;
  template <class Element>
  void backward_data_as(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, ImageSink& sink,
                        uint8_t* workspace) const;
  template <class Element>
  void backward_data_strip(const int8_t* diff_dst, const uint8_t* packed, int32_t* diff_src, int first, int count, int part,
                           int parts, Element* scratch) const;
  template <class Element>
  void backward_weights_as(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei,
                           uint8_t* workspace) const;

  bool narrow() const { return shape_.groups == 1 && shape_.c < kernels_.tile->lanes && shape_.kw > 1; }
  void plan_backward_weights_narrow();
  size_t narrow_thread_bytes() const;
  size_t narrow_row_bytes() const;
  size_t narrow_sums_bytes() const;
  template <class Element>
  void backward_weights_narrow(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei,
                               uint8_t* workspace) const;

  // depthwise.cc
  bool depthwise() const {
    return shape_.groups > 1 && shape_.groups == shape_.c && shape_.c == shape_.k && shape_.kh == 3 && shape_.kw == 3 &&
           shape_.stride <= 2;
  }
  void pack_depthwise(const int8_t* wei, uint8_t* packed) const;
  void forward_strip_depthwise(const uint8_t* src, const uint8_t* packed, const ConvDst& dst, int64_t out, int64_t image,
                               int64_t first, int64_t count) const;
  void pack_backward_depthwise(const int8_t* wei, uint8_t* packed) const;
  void backward_data_strip_depthwise(const int8_t* diff_dst, const uint8_t* packed, int32_t* diff_src, int first,
                                     int count) const;
  size_t weight_depthwise_bytes() const;
  void backward_weights_depthwise(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei,
                                  uint8_t* workspace) const;

  size_t weight_group_bytes() const;
  size_t weight_scratch_bytes() const;
  void gather_dense(const WeightPhase& phase, const uint8_t* image, uint8_t* out) const;
  int64_t strip_slot() const;
  size_t forward_scratch() const;
  size_t backward_data_scratch() const;
  size_t backward_image_bytes() const;

  ConvShape shape_{};
  Kernels kernels_{};
  int threads_ = 1;
  bool flat_ = false;  // 1x1, stride 1, no padding
  Matrix matrix_;
  std::vector<int64_t> forward_offset_;
  int forward_strip_ = 1;  // output rows, or pixels of a flat convolution
  std::vector<Phase> phases_;
  size_t backward_packed_bytes_ = 0;
  bool backward_gaps_ = false;                                         // pixels that no tap reaches
  int64_t backward_run_ = 0;                                           // longest segment
  int error_pad_h_ = 0, error_pad_w_ = 0, error_h_ = 0, error_w_ = 0;  // the padded error
  int backward_strip_ = 1;                                             // rows of a phase, or pixels
  int backward_strip_rows_ = 0;                                        // of the padded error
  int backward_group_ = 1;                                             // images taken together
  int backward_buffers_ = 1;
  WeightPass weight_;
  NarrowPass narrow_;
};

}  // namespace intrain::ops
