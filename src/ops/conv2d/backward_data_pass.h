// The backward data pass of Conv2d: rows of a are pixels of the padded error, b the weights; one convolution of stride 1 for each offset within
// a stride.
#pragma once

#include <cstdint>
#include <vector>

#include "base/image_sink.h"
#include "core/parallel.h"
#include "ops/conv2d/conv_problem.h"

namespace intrain::ops {

class BackwardDataPass {
 public:
  void plan(const ConvProblem& problem);
  // 0 if it has not been planned.
  size_t workspace_bytes() const;
  void run(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, ImageSink& sink, uint8_t* workspace) const;

 private:
  // The pixels (h % stride, w % stride) = (y, x): which taps reach them, and where these read the padded error.
  struct StrideOffset {
    int y, x;
    int rows, cols;          // such pixels
    int taps_h, taps_w;      // 0: the gradient is 0
    int tap0_h, tap0_w;      // smallest kernel index
    int origin_h, origin_w;  // padded error coordinate of pixel 0, tap 0
    size_t packed_at;        // bytes from the first matrix
    PackedMatrix matrix;     // of a group
    std::vector<int64_t> offset;
  };
  // How the work is divided. A strip is rows of every stride offset, or pixels of a flat convolution.
  struct Blocks {
    int error_pad_h, error_pad_w, error_h, error_w;  // the padded error
    int strip, strip_rows;                           // strip_rows: of the padded error
    int group;                                       // images taken together
    int buffers;                                     // of groups
  };
  // One call.
  struct Call {
    int images, groups;
    const int8_t* diff_dst;
    ImageSink* sink;
    uint8_t *packed, *ones, *buffers, *scratch;
  };

  void run_reference(ThreadPool& pool, int images, const int8_t* diff_dst, const int8_t* wei, ImageSink& sink,
                     uint8_t* workspace) const;
  StrideOffset stride_offset(int y, int x) const;
  void choose_blocks();
  void pack_weights(ThreadPool& pool, const int8_t* wei, uint8_t* packed, uint8_t* ones) const;
  void pack_panel(const StrideOffset& o, const int8_t* wei, int group, int n, uint8_t* matrix, const uint8_t* ones) const;
  void pack_error(const int8_t* diff_dst, int group, int first, int count, int window, uint8_t* scratch) const;
  void multiply(const StrideOffset& o, const uint8_t* error, const uint8_t* packed, int32_t* diff_src, int group, int first,
                int count, int part, int parts) const;
  void strip(const int8_t* diff_dst, const uint8_t* packed, int32_t* diff_src, int first, int count, int part, int parts,
             uint8_t* scratch) const;
  void pack_depthwise_weights(const int8_t* wei, uint8_t* packed) const;
  void depthwise_strip(const int8_t* diff_dst, const uint8_t* packed, int32_t* diff_src, int first, int count) const;
  void run_groups(ThreadPool& pool, const Call& call) const;
  void run_strips(ThreadPool& pool, const Call& call) const;

  int64_t image_size() const { return problem_.shape.src_pixels() * problem_.shape.c; }
  int images_of(const Call& call, int64_t group) const;
  int length_of(const Call& call, int64_t group) const;
  const int8_t* error_of(const Call& call, int64_t group) const;
  int32_t* buffer(const Call& call, int64_t i) const;
  uint8_t* scratch(const Call& call, int thread) const;
  size_t scratch_bytes() const;
  size_t buffer_bytes() const;
  size_t ones_bytes() const;

  ConvProblem problem_;
  TileProduct product_{};
  std::vector<StrideOffset> offsets_;
  std::vector<int64_t> zeros_;  // as many as a matrix has segments at most
  size_t packed_bytes_ = 0;
  bool gaps_ = false;  // pixels that no tap reaches
  int64_t run_ = 0;    // longest segment
  Blocks blocks_{};
};

}  // namespace intrain::ops
