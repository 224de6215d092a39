#include <algorithm>
#include <cstdlib>

#include "base/formats.h"
#include "core/check.h"
#include "ops/conv2d/backward_weights_by_tap.h"
#include "ops/conv2d/panels.h"

namespace intrain::ops {
namespace {

constexpr int kFlatPixels = 64;  // of a pseudo-image
// Packed at once, about: what a second-level cache holds if that is much, else enough for long sums.
constexpr int kGroupBytes = 1 << 19, kGroupPixelsLeast = 2048, kGroupPixelsMost = 16384;
constexpr int kSubPixels = 2048;  // summed in s32, about: a panel of b stays in the second-level cache
static_assert(kSubPixels < kMaxReduction / 2);

int floor_div(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

// Output pixel p and tap kh meet at x row h = p * stride - pad + kh = q * stride + y: y = (kh - pad) mod stride,
// p = q - floor((kh - pad) / stride). The same of columns. Of a tap: p - q.
struct Move {
  int h, w;
};
Move move_of(const ConvShape& s, int tap) {
  return {-floor_div(tap / s.kw - s.pad_h(), s.stride), -floor_div(tap % s.kw - s.pad, s.stride)};
}

}  // namespace

void WeightsByTap::plan(const ConvProblem& problem) {
  problem_ = problem;
  const ConvShape& s = problem.shape;
  const TileKernel& tile = problem.tile();
  product_ = tile_product(tile, true, s.signed_src);
  Blocks& b = blocks_;
  b.rows = problem.flat() ? 1 : (s.h + s.stride - 1) / s.stride;
  b.width = problem.flat() ? kFlatPixels : (s.w + s.stride - 1) / s.stride;
  b.steps = padded(tile, b.width) / tile.depth;
  Margins m = margins();
  const int pixels = b.rows * b.width;
  b.dense = !problem.flat() && padded(tile, pixels) < b.rows * padded(tile, b.width) && b.width == s.ow() && b.rows == s.oh() &&
            m.furthest < b.width && pixels <= kSubPixels;
  if (b.dense) {
    b.steps = padded(tile, pixels) / tile.depth;
    b.rows = 1;
    m.left = m.right = 0;
  }
  lay_out_error(m);
  list_taps();
  choose_groups(pixels);
}

WeightsByTap::Margins WeightsByTap::margins() const {
  const ConvShape& s = problem_.shape;
  Margins m{};
  for (int tap = 0; tap < static_cast<int>(s.taps()); ++tap) {
    const Move move = move_of(s, tap);
    m.top = std::max(m.top, -move.h);
    m.left = std::max(m.left, -move.w);
    m.bottom = std::max(m.bottom, blocks_.rows - 1 + move.h - (s.oh() - 1));
    m.right = std::max(m.right, blocks_.width - 1 + move.w - (s.ow() - 1));
    m.furthest = std::max(m.furthest, std::abs(move.w));
  }
  return m;
}

void WeightsByTap::lay_out_error(const Margins& m) {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  Blocks& b = blocks_;
  b.pad_h = problem_.flat() ? 0 : m.top;
  b.lead = problem_.flat() ? 0 : m.left;
  b.error_h = problem_.flat() ? 1 : s.oh() + m.top + m.bottom;
  b.error_w = problem_.flat() ? kFlatPixels : s.ow() + std::max(m.left, m.right);
  b.span = 1;
  if (!b.dense && b.error_w <= b.steps * tile.depth) {
    b.error_w = b.steps * tile.depth;
    if (b.error_h == b.rows)
      b.span = 0;
    else if (b.rows * b.error_w <= kSubPixels)
      b.span = b.rows;
  }
}

void WeightsByTap::list_taps() {
  const ConvShape& s = problem_.shape;
  const Blocks& b = blocks_;
  for (int tap = 0; tap < static_cast<int>(s.taps()); ++tap) {
    const Move m = move_of(s, tap);
    const Source source{tap / s.kw - s.pad_h() + m.h * s.stride, tap % s.kw - s.pad + m.w * s.stride, b.dense ? m.w : 0};
    const auto at = std::find(sources_.begin(), sources_.end(), source);
    taps_.push_back({static_cast<int>(at - sources_.begin()),
                     (m.h + b.pad_h) * b.error_w + (b.dense ? 0 : m.w) + b.lead,  // dense: x is moved instead of the error
                     tap});
    if (at == sources_.end()) sources_.push_back(source);
  }
}

// pixels: of x of a stride offset in a (pseudo-)image.
void WeightsByTap::choose_groups(int pixels) {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const int threads = problem_.threads, max_images = problem_.max_images;
  Blocks& b = blocks_;
  const int64_t images = problem_.flat() ? (max_images * s.dst_pixels() + kFlatPixels - 1) / kFlatPixels : max_images;
  const int group = std::clamp(kGroupBytes / ((s.k + padded_columns(tile, s.group_c()) * s.groups) * tile.element_bytes),
                               kGroupPixelsLeast, kGroupPixelsMost);
  b.images = static_cast<int>(std::clamp<int64_t>((group + pixels - 1) / pixels, 1, images));
  // Private sums where they are not much more than what would be shared instead, and groups come out even.
  b.by_images = threads > 1 && (images >= 4 * threads || (images >= threads && images % threads == 0)) &&
                (threads - 1) * s.weights() * 8 <= 2 * max_images * (s.dst_pixels() * s.k + s.src_pixels() * s.c);
  const int span = std::max(1, b.span), span_pixels = span * b.steps * tile.depth;
  CHECK_LE(span_pixels, kMaxReduction);  // of one row, or at most kSubPixels
  b.sub = std::max(1, kSubPixels / span_pixels) * span;
  // Rows of a start in different cache sets: an odd number of lines, and room for a tile's last loads.
  const int64_t line = static_cast<int64_t>(kAlignment) / tile.element_bytes;
  b.plane = ((b.lead + int64_t{b.images} * b.error_h * b.error_w + tile.depth + line) / line | 1) * line;
  for (int i = 0; i < b.images; ++i)
    for (int q = 0; q < b.rows; q += span) offset_.push_back((int64_t{i} * b.error_h + q) * b.error_w);
  zeros_.assign(std::min(offset_.size(), static_cast<size_t>(b.sub)), 0);
}

// b of one source and group of channels.
size_t WeightsByTap::matrix_bytes() const {
  const TileKernel& tile = problem_.tile();
  const int64_t k_size = int64_t{blocks_.images} * blocks_.rows * blocks_.steps * tile.depth;
  return align_up(packed_bytes(tile, k_size * padded_columns(tile, problem_.shape.group_c())));
}

// The planar error, and all b.
size_t WeightsByTap::group_bytes() const {
  const int64_t error = blocks_.plane * problem_.shape.k + blocks_.error_h * blocks_.error_w;
  return align_up(packed_bytes(problem_.tile(), error) + kAlignment) +
         matrix_bytes() * sources_.size() * static_cast<size_t>(problem_.shape.groups);
}

// A row of a, or a panel of b of one vector, for the sums of the other.
size_t WeightsByTap::ones_bytes() const {
  const TileKernel& tile = problem_.tile();
  const int columns = (product_.a_moved != 0 ? 1 : 0) + (product_.b_moved != 0 ? tile.lanes : 0);
  return align_up(packed_bytes(tile, int64_t{blocks_.sub} * blocks_.steps * tile.depth * columns));
}

// An image's pixels of x for a thread, where it is dense.
size_t WeightsByTap::scratch_bytes() const {
  return blocks_.dense ? align_up(static_cast<size_t>(problem_.shape.dst_pixels() * problem_.shape.c)) : 0;
}

size_t WeightsByTap::sums_bytes() const { return align_up(static_cast<size_t>(problem_.shape.weights()) * 8); }

// Groups, ones, scratch, and the private sums.
size_t WeightsByTap::workspace_bytes() const {
  const size_t threads = static_cast<size_t>(problem_.threads);
  return group_bytes() * (blocks_.by_images ? threads : 1) + ones_bytes() + scratch_bytes() * threads +
         (blocks_.by_images ? sums_bytes() * (threads - 1) : 0);
}

// Where what lies for a call of so many images.
WeightsByTap::Call WeightsByTap::call(int images, const uint8_t* src, const int8_t* diff_dst, uint8_t* workspace) const {
  const ConvShape& s = problem_.shape;
  const TileKernel& tile = problem_.tile();
  const Blocks& b = blocks_;
  const int threads = problem_.threads, gk = s.group_k(), columns = padded_columns(tile, s.group_c());
  Call c{};
  c.pixels = images * s.dst_pixels();
  c.images = problem_.flat() ? (c.pixels + kFlatPixels - 1) / kFlatPixels : images;
  c.groups = (c.images + b.images - 1) / b.images;
  if (b.by_images) c.groups = std::min(c.images, (c.groups + threads - 1) / threads * threads);  // as many for each
  c.src = src;
  c.diff_dst = reinterpret_cast<const uint8_t*>(diff_dst);
  c.workspace = workspace;
  c.ones = workspace + group_bytes() * static_cast<size_t>(b.by_images ? threads : 1);
  c.scratch = c.ones + ones_bytes();
  c.error_tasks = (s.k + kErrorChannels - 1) / kErrorChannels;
  c.source_tasks = (b.rows + kSourceRows - 1) / kSourceRows;
  // Blocks of output rows: enough tasks to share evenly, and where threads share a group, rows of its error for each.
  const int most = tile.max_rows[panel_width(tile, 0, columns) / tile.lanes];
  const int64_t one_block = int64_t{s.groups} * panels(tile, columns) * static_cast<int64_t>(taps_.size());
  const int64_t wanted = std::max<int64_t>((8 * threads + one_block - 1) / one_block, b.by_images ? 1 : threads);
  const int row_tiles = (gk + most - 1) / most;
  c.block_rows = std::max<int>(1, row_tiles / static_cast<int>(std::min<int64_t>(wanted, row_tiles))) * most;
  c.blocks = (gk + c.block_rows - 1) / c.block_rows;
  c.products = one_block * c.blocks;
  return c;
}

}  // namespace intrain::ops
