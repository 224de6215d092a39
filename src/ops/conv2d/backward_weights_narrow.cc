// The weight gradient of layers with few input channels (images): the taps are the rows a, the output channels the columns b.
//
// A strip of output rows is packed at once: x as planes of one channel and column phase each, [x row][c][pixel], so that the rows of a
// tile, (kh, c) for one kw, lie one plane apart; the error interleaved. The sums of a strip stay in registers; each thread adds them
// to its own [kw][kh][c][k], and the threads' are added up and transposed at the end.
#include <algorithm>

#include "base/formats.h"
#include "core/buffer.h"
#include "core/check.h"
#include "ops/conv2d/conv2d_op.h"
#include "ops/conv2d/pack.h"

namespace intrain::ops {
namespace {

constexpr int kStripPixels = 2048;
constexpr int kTransposed = 16;  // columns that pack_transpose takes at its full speed

}  // namespace

void Conv2d::plan_backward_weights_narrow() {
  const ConvShape& s = shape_;
  NarrowPass& w = narrow_;
  w = {};
  const int row_pixels = padded(s.ow());
  CHECK_LE(row_pixels, kMaxReduction);
  w.strips = (s.oh() + std::max(1, kStripPixels / row_pixels) - 1) / std::max(1, kStripPixels / row_pixels);
  w.rows = (s.oh() + w.strips - 1) / w.strips;
  w.x_rows = (w.rows - 1) * s.stride + s.kh;
  // A tile reads whole steps, from up to (kw - 1) / stride on.
  w.pitch = row_pixels + (s.kw - 1) / s.stride;
  w.phase_size = int64_t{w.x_rows} * s.c * w.pitch + kTransposed * w.pitch + kAlignment;
  w.phases = std::min(s.stride, s.kw);
  w.b_elements = int64_t{w.rows} * row_pixels * columns(s.k);
  for (int row = 0; row < w.rows; ++row) w.offset.push_back(int64_t{row} * s.stride * s.c * w.pitch);
  w.zeros.assign(static_cast<size_t>(w.rows), 0);
}

// A thread's planes of x, b, a run of the value 1, a padded row of x, and sums.
size_t Conv2d::narrow_thread_bytes() const {
  const NarrowPass& w = narrow_;
  const size_t element = static_cast<size_t>(kernels_.tile->element_bytes);
  return align_up(static_cast<size_t>(w.phase_size * w.phases) * element) +
         align_up(static_cast<size_t>(w.b_elements) * element) + align_up(static_cast<size_t>(padded(shape_.ow())) * element) +
         narrow_row_bytes() + narrow_sums_bytes();
}

size_t Conv2d::narrow_row_bytes() const {
  return align_up(static_cast<size_t>((shape_.w + 2 * shape_.pad) * shape_.c + shape_.stride * shape_.c + kTransposed));
}

size_t Conv2d::narrow_sums_bytes() const { return align_up(static_cast<size_t>(shape_.weights()) * 8); }

template <class Element>
void Conv2d::backward_weights_narrow(ThreadPool& pool, int images, const uint8_t* src, const int8_t* diff_dst, int64_t* diff_wei,
                                     uint8_t* workspace) const {
  const ConvShape& s = shape_;
  const NarrowPass& w = narrow_;
  const TileKernel& tile = *kernels_.tile;
  const PackFormat src_pack = src_format(), error_pack{tile.element_bytes, true, 0};
  const int row_pixels = padded(s.ow()), steps = row_pixels / tile.k_unit, np = columns(s.k);
  const int tap_rows = s.kh * s.c;  // of one kw
  struct Thread {
    Element *planes, *b, *ones;
    uint8_t* row;
    int64_t* sums;
  };
  const auto thread_at = [&](int thread) {
    uint8_t* at = workspace + narrow_thread_bytes() * static_cast<size_t>(thread);
    Thread t;
    const auto take = [&](size_t bytes) {
      uint8_t* const here = at;
      at += align_up(bytes);
      return here;
    };
    t.planes = reinterpret_cast<Element*>(take(static_cast<size_t>(w.phase_size * w.phases) * sizeof(Element)));
    t.b = reinterpret_cast<Element*>(take(static_cast<size_t>(w.b_elements) * sizeof(Element)));
    t.ones = reinterpret_cast<Element*>(take(static_cast<size_t>(row_pixels) * sizeof(Element)));
    t.row = take(narrow_row_bytes());
    t.sums = reinterpret_cast<int64_t*>(take(narrow_sums_bytes()));
    return t;
  };

  const auto pack = [&](const Thread& t, int64_t image, int first, int rows) {
    const size_t row_bytes = static_cast<size_t>(s.w) * static_cast<size_t>(s.c);
    uint8_t* const body = t.row + s.pad * s.c;
    std::memset(t.row, 0, narrow_row_bytes());
    for (int i = 0; i < (rows - 1) * s.stride + s.kh; ++i) {
      const int y = first * s.stride - s.pad + i;
      if (y >= 0 && y < s.h)
        std::memcpy(body, src + (image * s.h + y) * s.w * s.c, row_bytes);
      else
        std::memset(body, 0, row_bytes);
      // Planes beyond the channels are overwritten by those of the next row.
      for (int phase = 0; phase < w.phases; ++phase)
        kernels_.pack_transpose({t.row + phase * s.c, int64_t{s.stride} * s.c,
                                 std::min(w.pitch, (s.w + 2 * s.pad - phase + s.stride - 1) / s.stride), kTransposed, src_pack,
                                 t.planes + phase * w.phase_size + int64_t{i} * s.c * w.pitch, w.pitch});
    }
    const uint8_t* error = reinterpret_cast<const uint8_t*>(diff_dst) + (image * s.oh() + first) * s.ow() * s.k;
    for_each_panel(tile, np, 0, 1, [&](int n, int width) {
      for (int row = 0; row < rows; ++row)
        kernels_.pack_interleave({error + int64_t{row} * s.ow() * s.k + n, s.k, s.ow(), std::min(width, s.k - n), error_pack,
                                  t.b + int64_t{rows} * row_pixels * n + int64_t{row} * row_pixels * width, steps, width});
    });
  };
  const auto multiply = [&](const Thread& t, int rows, bool overwrite) {
    alignas(64) int32_t init[TileKernel::kMaxVectors * TileKernel::kMaxLanes];
    alignas(64) int32_t sums[kBlockRows * TileKernel::kMaxVectors * TileKernel::kMaxLanes];
    for_each_panel(tile, np, 0, 1, [&](int n, int width) {
      const Element* b = t.b + int64_t{rows} * row_pixels * n;
      std::fill_n(init, width, 0);
      TileArgs args{t.ones, int64_t{w.pitch}, w.zeros.data(), rows, steps, b, init, sums, width};
      if (src_pack.flip != 0) {  // -128 * the sums of the columns, by a tile whose every a is 1
        tile.unsigned_a->of[width / tile.lanes][1](args);
        for (int c = 0; c < width; ++c) init[c] = -tile.signed_offset() * sums[c];
      }
      args.offset = w.offset.data();
      for (int kw = 0; kw < s.kw; ++kw)
        for (int row = 0; row < tap_rows; row += kBlockRows) {
          const int block = std::min(kBlockRows, tap_rows - row);
          args.a = t.planes + kw % s.stride * w.phase_size + int64_t{row} * w.pitch + kw / s.stride;
          run_tiles<Element>(tile, *tile.unsigned_a, width, args, block);
          kernels_.add_sums(
              {sums, width, block, std::min(width, s.k - n), overwrite, t.sums + (int64_t{kw} * tap_rows + row) * s.k + n, s.k});
        }
    });
  };

  bool started[kMaxThreads] = {};
  pool.run(int64_t{images} * w.strips, [&](int64_t task, int thread) {
    const Thread t = thread_at(thread);
    const int first = static_cast<int>(task % w.strips) * w.rows, rows = std::min(w.rows, s.oh() - first);
    if (rows <= 0) return;
    if (!started[thread]) std::fill_n(t.ones, row_pixels, Element{1});
    pack(t, task / w.strips, first, rows);
    multiply(t, rows, !started[thread]);
    started[thread] = true;
  });
  pool.run(s.k, [&](int64_t k, int) {
    for (int kw = 0; kw < s.kw; ++kw)
      for (int row = 0; row < tap_rows; ++row) {
        int64_t sum = 0;
        for (int thread = 0; thread < threads_; ++thread)
          if (started[thread]) sum += thread_at(thread).sums[(int64_t{kw} * tap_rows + row) * s.k + k];
        diff_wei[((k * s.kh + row / s.c) * s.kw + kw) * s.c + row % s.c] = sum;
      }
  });
}

template void Conv2d::backward_weights_narrow<uint8_t>(ThreadPool&, int, const uint8_t*, const int8_t*, int64_t*, uint8_t*) const;
template void Conv2d::backward_weights_narrow<int16_t>(ThreadPool&, int, const uint8_t*, const int8_t*, int64_t*, uint8_t*) const;

}  // namespace intrain::ops
