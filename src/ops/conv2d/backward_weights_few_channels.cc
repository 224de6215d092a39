#include "ops/conv2d/backward_weights_few_channels.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/formats.h"
#include "base/rounding.h"
#include "core/atomic_max.h"
#include "core/check.h"
#include "ops/conv2d/panels.h"

namespace intrain::ops {
namespace {

constexpr int kStripPixels = 2048;
constexpr int kTransposed = 16;  // columns that pack_transpose takes at its full speed

}  // namespace

void WeightsOfFewChannels::plan(const ConvProblem& problem) {
  problem_ = problem;
  const ConvShape& s = problem.shape;
  const TileKernel& tile = problem.tile();
  product_ = tile_product(tile, s.signed_src, true);
  CHECK_EQ(product_.b_moved, 0);
  Blocks& b = blocks_;
  b.row_pixels = padded(tile, s.ow());
  CHECK_LE(b.row_pixels, kMaxReduction);
  const int most_rows = std::max(1, kStripPixels / b.row_pixels);
  b.strips = (s.oh() + most_rows - 1) / most_rows;
  b.rows = (s.oh() + b.strips - 1) / b.strips;
  b.x_rows = (b.rows - 1) * s.stride + s.kh;
  // A tile reads whole steps, from up to (kw - 1) / stride on.
  b.pitch = b.row_pixels + (s.kw - 1) / s.stride;
  b.plane_size = int64_t{b.x_rows} * s.c * b.pitch + kTransposed * b.pitch + static_cast<int64_t>(kAlignment);
  b.planes = std::min(s.stride, s.kw);
  b.b_elements = int64_t{b.rows} * b.row_pixels * padded_columns(tile, s.k);
  for (int row = 0; row < b.rows; ++row) offset_.push_back(int64_t{row} * s.stride * s.c * b.pitch);
  zeros_.assign(static_cast<size_t>(b.rows), 0);
}

// A padded row of x.
size_t WeightsOfFewChannels::row_bytes() const {
  const ConvShape& s = problem_.shape;
  return align_up(static_cast<size_t>((s.w + 2 * s.pad) * s.c + s.stride * s.c + kTransposed));
}

size_t WeightsOfFewChannels::sums_bytes() const { return align_up(static_cast<size_t>(problem_.shape.weights()) * 8); }

// Planes of x, b, a run of the value 1, a row, and sums.
size_t WeightsOfFewChannels::scratch_bytes() const {
  const TileKernel& tile = problem_.tile();
  return align_up(packed_bytes(tile, blocks_.plane_size * blocks_.planes)) + align_up(packed_bytes(tile, blocks_.b_elements)) +
         align_up(packed_bytes(tile, blocks_.row_pixels)) + row_bytes() + sums_bytes();
}

size_t WeightsOfFewChannels::workspace_bytes() const { return scratch_bytes() * static_cast<size_t>(problem_.threads); }

WeightsOfFewChannels::Scratch WeightsOfFewChannels::scratch(uint8_t* workspace, int thread) const {
  const TileKernel& tile = problem_.tile();
  Scratch t;
  t.planes = workspace + scratch_bytes() * static_cast<size_t>(thread);
  t.b = t.planes + align_up(packed_bytes(tile, blocks_.plane_size * blocks_.planes));
  t.ones = t.b + align_up(packed_bytes(tile, blocks_.b_elements));
  t.row = t.ones + align_up(packed_bytes(tile, blocks_.row_pixels));
  t.sums = reinterpret_cast<int64_t*>(t.row + row_bytes());
  return t;
}

// x for output rows [first, first + rows) of an image.
void WeightsOfFewChannels::pack_source(const Scratch& t, const uint8_t* image, int first, int rows) const {
  const ConvShape& s = problem_.shape;
  const Blocks& b = blocks_;
  const size_t row_bytes_of_x = static_cast<size_t>(s.w) * static_cast<size_t>(s.c);
  uint8_t* const body = t.row + s.pad * s.c;
  std::memset(t.row, 0, row_bytes());
  for (int i = 0; i < (rows - 1) * s.stride + s.kh; ++i) {
    const int y = first * s.stride - s.pad_h() + i;
    if (y >= 0 && y < s.h)
      std::memcpy(body, image + int64_t{y} * s.w * s.c, row_bytes_of_x);
    else
      std::memset(body, 0, row_bytes_of_x);
    // Planes beyond the channels are overwritten by those of the next row.
    for (int x = 0; x < b.planes; ++x)
      problem_.kernels->pack_transpose(
          {t.row + x * s.c, int64_t{s.stride} * s.c, std::min(b.pitch, (s.w + 2 * s.pad - x + s.stride - 1) / s.stride),
           kTransposed, product_.a, t.planes + (x * b.plane_size + int64_t{i} * s.c * b.pitch) * product_.a.element_bytes,
           b.pitch});
  }
}

void WeightsOfFewChannels::pack_error(const Scratch& t, const int8_t* image, int first, int rows) const {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const Blocks& b = blocks_;
  const uint8_t* error = reinterpret_cast<const uint8_t*>(image) + int64_t{first} * s.ow() * s.k;
  for_each_panel(tile, padded_columns(tile, s.k), 0, 1, [&](int n, int width) {
    for (int row = 0; row < rows; ++row)
      problem_.kernels->pack_interleave(
          {error + int64_t{row} * s.ow() * s.k + n, s.k, s.ow(), std::min(width, s.k - n), product_.b,
           t.b + (int64_t{rows} * b.row_pixels * n + int64_t{row} * b.row_pixels * width) * tile.element_bytes,
           b.row_pixels / tile.depth, width});
  });
}

void WeightsOfFewChannels::multiply(const Scratch& t, int rows, bool overwrite) const {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const Blocks& b = blocks_;
  PanelSums init;
  BlockSums sums;
  for_each_panel(tile, padded_columns(tile, s.k), 0, 1, [&](int n, int width) {
    TileArgs args{nullptr,
                  int64_t{b.pitch},
                  offset_.data(),
                  rows,
                  b.row_pixels / tile.depth,
                  t.b + int64_t{rows} * b.row_pixels * n * tile.element_bytes,
                  init.at,
                  sums.at,
                  width};
    if (product_.a_moved != 0) correct_columns(tile, product_, width, args, t.ones, zeros_.data(), init.at);
    for (int kw = 0; kw < s.kw; ++kw)
      for (int row = 0; row < tap_rows(); row += kBlockRows) {
        const int block = std::min(kBlockRows, tap_rows() - row);
        args.a = t.planes + (kw % s.stride * b.plane_size + int64_t{row} * b.pitch + kw / s.stride) * tile.element_bytes;
        run_tiles(tile, product_, width, args, block);
        problem_.kernels->add_sums({sums.at, width, block, std::min(width, s.k - n), overwrite, false,
                                    t.sums + (int64_t{kw} * tap_rows() + row) * s.k + n, s.k});
      }
  });
}

// The sums of the threads that have any.
uint64_t WeightsOfFewChannels::add_up(ThreadPool& pool, const bool* started, uint8_t* workspace, int64_t* diff_wei) const {
  const ConvShape& s = problem_.shape;
  std::atomic<uint64_t> max{0};
  pool.run(s.k, [&](int64_t k, int) {
    uint64_t most = 0;
    for (int kw = 0; kw < s.kw; ++kw)
      for (int row = 0; row < tap_rows(); ++row) {
        int64_t sum = 0;
        for (int thread = 0; thread < problem_.threads; ++thread)
          if (started[thread]) sum += scratch(workspace, thread).sums[(int64_t{kw} * tap_rows() + row) * s.k + k];
        diff_wei[((k * s.kh + row / s.c) * s.kw + kw) * s.c + row % s.c] = sum;
        most = std::max(most, magnitude(sum));
      }
    atomic_max(max, most);
  });
  return max;
}

uint64_t WeightsOfFewChannels::run(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei,
                                   uint8_t* workspace) const {
  const ConvShape& s = problem_.shape;
  const Blocks& b = blocks_;
  bool started[kMaxThreads] = {};
  pool.run(int64_t{images} * b.strips, [&](int64_t task, int thread) {
    const Scratch t = scratch(workspace, thread);
    const int64_t image = task / b.strips;
    const int first = static_cast<int>(task % b.strips) * b.rows, rows = std::min(b.rows, s.oh() - first);
    if (rows <= 0) return;
    if (!started[thread]) fill_ones(problem_.tile(), t.ones, b.row_pixels);
    pack_source(t, src + image * s.src_pixels() * s.c, first, rows);
    pack_error(t, diff_dst + image * s.dst_pixels() * s.k, first, rows);
    multiply(t, rows, !started[thread]);
    started[thread] = true;
  });
  return add_up(pool, started, workspace, diff_wei);
}

}  // namespace intrain::ops
