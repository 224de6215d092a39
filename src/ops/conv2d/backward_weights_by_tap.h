// The weight gradient tap by tap: rows of a are the channels k of the planar error, moved by the tap; b is x of one offset within a stride, its
// columns c.
//
// A source, x of one stride offset, is packed by rows of `width` pixels, `rows` an image; the planar error has error_h rows of error_w elements
// an image after `lead` elements, with zeros where a tap leaves the image: those right of a row are also left of the next. Where rows of both
// are equally long, the rows of an image, or all rows, are one segment. A flat convolution has pseudo-images of one row. So has a dense one,
// where rows are no multiple of a step (maps of 14 and 7): an image is a row without gaps, and there is a copy of x for each column of taps,
// moved by it, with zeros where the tap leaves the image.
#pragma once

#include <cstdint>
#include <vector>

#include "base/exact_sums.h"
#include "core/parallel.h"
#include "ops/conv2d/conv_problem.h"

namespace intrain::ops {

class WeightsByTap {
 public:
  void plan(const ConvProblem& problem);
  size_t workspace_bytes() const;
  // Returns max |diff_wei|.
  uint64_t run(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, ExactSums diff_wei,
               uint8_t* workspace) const;

 private:
  static constexpr int kErrorChannels = 64;  // of the error that a task packs
  static constexpr int kSourceRows = 8;      // of x that a task packs

  // x of the stride offset (y, x).
  struct Source {
    int y, x;
    int move;  // of a dense convolution: columns by which x is moved
    bool operator==(const Source&) const = default;
  };
  struct Tap {
    int source;
    int shift;  // elements into a planar image for x row 0, column 0
    int index;  // of the tap in diff_wei
  };
  // How far taps go beyond the error, and furthest: to either side.
  struct Margins {
    int top, bottom, left, right, furthest;
  };
  struct Blocks {
    bool dense;
    int rows, width, steps;
    int span;  // rows of a segment; 0: all that there are
    int error_h, error_w, pad_h, lead;
    int images;      // (pseudo-)images packed at once, a group
    bool by_images;  // threads share groups and have sums of their own; else they share the work on each group
    int64_t plane;   // elements from one k to the next
    int sub;         // rows of one register sum
  };
  // (Pseudo-)images that are packed at once, and where their sums go.
  struct Group {
    int64_t begin;
    int count;
    uint8_t* planar;
    uint8_t* matrices;
    ExactSums sums;
    bool first, last;  // to be added there
  };
  // One call.
  struct Call {
    int64_t images, groups;  // images: or pseudo-images
    int64_t pixels;          // of the output
    const uint8_t* src;
    const uint8_t* diff_dst;
    uint8_t *workspace, *ones, *scratch;
    int error_tasks, source_tasks;  // of an image
    int block_rows, blocks;         // of the error in a product
    int64_t products;               // of a group
  };

  Margins margins() const;
  void list_taps();
  void lay_out_error(const Margins& m);
  void choose_groups(int pixels);
  size_t matrix_bytes() const;
  size_t group_bytes() const;
  size_t ones_bytes() const;
  size_t scratch_bytes() const;
  size_t sums_bytes() const;

  Call call(int images, const uint8_t* src, const int8_t* diff_dst, uint8_t* workspace) const;
  Group group(const Call& call, int64_t i, int slot, ExactSums sums, bool first, bool last) const;
  uint8_t* matrix(const Group& group, int source, int g) const;
  int flat_width(const Call& call, int64_t image) const;
  void pack_error(const Call& call, const Group& group, int64_t task) const;
  void gather_dense(const Source& source, const uint8_t* image, uint8_t* out) const;
  void pack_source(const Call& call, const Group& group, int64_t task, int thread) const;
  uint64_t multiply(const Call& call, const Group& group, int64_t task) const;
  template <class Sum>
  uint64_t run_of(ThreadPool& pool, const Call& call, Sum* diff_wei) const;
  template <class Sum>
  uint64_t add_up(ThreadPool& pool, const bool* started, Sum* diff_wei, const Sum* privates) const;

  ConvProblem problem_;
  TileProduct product_{};
  Blocks blocks_{};
  std::vector<Source> sources_;
  std::vector<Tap> taps_;
  std::vector<int64_t> offset_;
  std::vector<int64_t> zeros_;  // as many offsets as a register sum has segments
};

}  // namespace intrain::ops
