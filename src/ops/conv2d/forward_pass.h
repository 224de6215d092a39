// The forward pass of Conv2d: rows of a are pixels of a strip of output rows in the padded image, b the weights.
#pragma once

#include <cstdint>
#include <vector>

#include "core/parallel.h"
#include "ops/conv2d/conv_problem.h"

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

// Its functions are those that Conv2d declares.
class ForwardPass {
 public:
  void plan(const ConvProblem& problem);
  size_t packed_bytes() const;
  size_t workspace_bytes() const;
  int64_t strip_pixels() const;
  size_t strip_bytes() const;
  void pack_weights(ThreadPool& pool, const int8_t* wei, uint8_t* packed) const;
  void run(ThreadPool& pool, int images, const uint8_t* src, const int8_t* wei, const uint8_t* packed, const ConvDst& dst,
           StripSink* sink, uint8_t* workspace) const;

 private:
  // Output rows, or pixels of a flat convolution, of an image; their place among the output pixels of all images.
  struct Strip {
    int64_t image, first, count;
    int64_t out, pixels;
  };
  // The strips of a batch. Where threads are more than strips, `parts` of them share the panels of each.
  struct Strips {
    int64_t count, per_image, length;
    int parts;
  };
  void run_reference(ThreadPool& pool, int images, const uint8_t* src, const int8_t* wei, const ConvDst& dst, StripSink* sink,
                     uint8_t* workspace) const;
  Strips strips_of(int images) const;
  Strip strip(const Strips& strips, int64_t i) const;
  size_t scratch_bytes() const;
  int64_t strip_slot() const;
  const uint8_t* source_rows(const uint8_t* src, const Strip& t, int group, uint8_t* scratch) const;
  void multiply(const uint8_t* a, const uint8_t* packed, const ConvDst& dst, const Strip& t, int group, int part,
                int parts) const;
  void write(const int32_t* sums, int width, int rows, int columns, const ConvDst& dst, int64_t pixel, int channel) const;

  ConvProblem problem_;
  TileProduct product_{};
  PackedMatrix matrix_;  // of a group
  std::vector<int64_t> offset_;
  int strip_ = 1;        // output rows, or pixels of a flat convolution
  bool direct_ = false;  // src is read as it is
};

}  // namespace intrain::ops
