// The weight gradient of layers with few input channels (images): the taps are the rows a, the output channels the columns b.
//
// A strip of output rows is packed at once: x as planes of one channel and column of a stride each, [x row][c][pixel], so that the rows of a
// tile, (kh, c) for one kw, lie one plane apart; the error interleaved. The sums of a strip stay in registers; each thread adds them
// to its own [kw][kh][c][k], and the threads' are added up and transposed at the end.
#pragma once

#include <cstdint>
#include <vector>

#include "core/parallel.h"
#include "ops/conv2d/conv_problem.h"

namespace intrain::ops {

class WeightsOfFewChannels {
 public:
  // Whether it is the better way: a vector's columns would be mostly padding.
  static bool takes(const ConvProblem& problem) {
    return problem.shape.groups == 1 && problem.shape.c < problem.tile().lanes && problem.shape.kw > 1;
  }
  void plan(const ConvProblem& problem);
  size_t workspace_bytes() const;
  // Returns max |diff_wei|.
  uint64_t run(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei,
               uint8_t* workspace) const;

 private:
  struct Blocks {
    int strips, rows;  // of an image, of a strip
    int x_rows;        // of x a strip needs
    int row_pixels;    // of the error, whole steps
    int planes, pitch;
    int64_t plane_size, b_elements;
  };
  // A thread's part of the workspace.
  struct Scratch {
    uint8_t *planes, *b, *ones, *row;
    int64_t* sums;
  };
  int tap_rows() const { return problem_.shape.kh * problem_.shape.c; }  // of one kw
  size_t row_bytes() const;
  size_t sums_bytes() const;
  size_t scratch_bytes() const;
  Scratch scratch(uint8_t* workspace, int thread) const;
  void pack_source(const Scratch& t, const uint8_t* image, int first, int rows) const;
  void pack_error(const Scratch& t, const int8_t* image, int first, int rows) const;
  void multiply(const Scratch& t, int rows, bool overwrite) const;
  uint64_t add_up(ThreadPool& pool, const bool* started, uint8_t* workspace, int64_t* diff_wei) const;

  ConvProblem problem_;
  TileProduct product_{};
  Blocks blocks_{};
  std::vector<int64_t> offset_, zeros_;
};

}  // namespace intrain::ops
