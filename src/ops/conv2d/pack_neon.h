// Packing by the interleaving instructions of 64-bit ARM, for the ISA of the file that includes this: of bytes in steps of 4, 8 or 16, as its
// tiles take them. Any other format goes element by element.
#pragma once

#include "ops/conv2d/conv2d.h"
#include "ops/conv2d/vector.h"
#include "ops/intrinsics.h"

namespace intrain::ops {

// kRows rows of 16 columns become 16 columns of kRows bytes, one after the other: rounds of interleaving row i with row i + kRows / 2.
template <int kRows>
[[gnu::always_inline]] static inline void transpose_rows(uint8x16_t* v) {
#pragma GCC unroll 4
  for (int round = 1; round < kRows; round *= 2) {
    uint8x16_t t[kRows];
#pragma GCC unroll 8
    for (int i = 0; i < kRows / 2; ++i) {
      t[2 * i] = vzip1q_u8(v[i], v[i + kRows / 2]);
      t[2 * i + 1] = vzip2q_u8(v[i], v[i + kRows / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) v[i] = t[i];
  }
}

// `count` bytes and zeros, flipped.
[[gnu::always_inline]] static inline uint8x16_t load_some(const uint8_t* p, int count, uint8x16_t flip) {
  if (count >= 16) return veorq_u8(vld1q_u8(p), flip);
  uint8_t held[16] = {};
  __builtin_memcpy(held, p, static_cast<uint64_t>(count));
  return veorq_u8(vld1q_u8(held), flip);
}

// The first `count` bytes of v; from 4 on in two stores that meet or overlap.
[[gnu::always_inline]] static inline void store_some(uint8_t* out, uint8x16_t v, int count) {
  if (count >= 16) return vst1q_u8(out, v);
  uint8_t held[16];
  vst1q_u8(held, v);
  if (count >= 8) {
    __builtin_memcpy(out, held, 8);
    __builtin_memcpy(out + count - 8, held + count - 8, 8);
  } else if (count >= 4) {
    __builtin_memcpy(out, held, 4);
    __builtin_memcpy(out + count - 4, held + count - 4, 4);
  } else {
    for (int i = 0; i < count; ++i) out[i] = held[i];
  }
}

[[gnu::always_inline]] static inline int at_most_16(int n) { return n < 0 ? 0 : n < 16 ? n : 16; }

// Rows r .. r + 16 of columns c .. c + 16, as many as there are.
[[gnu::always_inline]] static inline void transpose_block(const PackTranspose& p, int r, int c) {
  const int rows = at_most_16(p.rows - r), cols = at_most_16(p.cols - c);
  const uint8x16_t flip = vdupq_n_u8(p.format.flip);
  const uint8_t* src = p.src + r * p.src_stride + c;
  uint8_t* out = static_cast<uint8_t*>(p.dst) + c * p.dst_stride + r;
  uint8x16_t v[16];
  if (rows == 16 && cols == 16) {
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) v[i] = veorq_u8(vld1q_u8(src + i * p.src_stride), flip);
    transpose_rows<16>(v);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) vst1q_u8(out + i * p.dst_stride, v[i]);
    return;
  }
  for (int i = 0; i < 16; ++i) v[i] = i < rows ? load_some(src + i * p.src_stride, cols, flip) : flip;
  transpose_rows<16>(v);
  for (int i = 0; i < cols; ++i) store_some(out + i * p.dst_stride, v[i], rows);
}

[[gnu::always_inline]] static inline void pack_transpose_vector(const PackTranspose& p) {
  if (p.format.element_bytes != 1) {
    for (int c = 0; c < p.cols; ++c)
      for (int r = 0; r < p.rows; ++r)
        pack_one(p.format, p.src[r * p.src_stride + c], static_cast<int16_t*>(p.dst) + c * p.dst_stride + r);
    return;
  }
  for (int c = 0; c < p.cols; c += 16)
    for (int r = 0; r < p.rows; r += 16) transpose_block(p, r, c);
}

// Columns c .. c + 16 of a step of kDepth rows, as many as there are.
template <int kDepth>
[[gnu::always_inline]] static inline void interleave_block(const PackInterleave& p, const uint8_t* src, int rows, int c,
                                                           uint8_t* out) {
  const int cols = at_most_16(p.cols - c), columns = at_most_16(p.width - c);
  const uint8x16_t flip = vdupq_n_u8(p.format.flip);
  uint8x16_t v[kDepth];
  if (rows >= kDepth && cols == 16) {
#pragma GCC unroll 16
    for (int i = 0; i < kDepth; ++i) v[i] = veorq_u8(vld1q_u8(src + i * p.src_stride), flip);
  } else {
    for (int i = 0; i < kDepth; ++i) v[i] = i < rows ? load_some(src + i * p.src_stride, cols, flip) : flip;
  }
  transpose_rows<kDepth>(v);
  if (columns == 16) {
#pragma GCC unroll 16
    for (int i = 0; i < kDepth; ++i) vst1q_u8(out + 16 * i, v[i]);
    return;
  }
  uint8_t held[16 * kDepth];
  for (int i = 0; i < kDepth; ++i) vst1q_u8(held + 16 * i, v[i]);
  __builtin_memcpy(out, held, static_cast<uint64_t>(kDepth * columns));
}

template <int kDepth>
[[gnu::always_inline]] static inline void interleave_by(const PackInterleave& p) {
  for (int t = 0; t < p.steps; ++t) {
    uint8_t* out = static_cast<uint8_t*>(p.dst) + int64_t{t} * p.width * kDepth;
    const uint8_t* src = p.src + int64_t{t} * kDepth * p.src_stride;
    for (int c = 0; c < p.width; c += 16) interleave_block<kDepth>(p, src + c, p.rows - t * kDepth, c, out + kDepth * c);
  }
}

[[gnu::always_inline]] static inline void pack_interleave_vector(const PackInterleave& p) {
  if (p.format.element_bytes != 1) return pack_interleave_any<int16_t>(p);
  switch (p.format.depth) {
    case 4:
      return interleave_by<4>(p);
    case 8:
      return interleave_by<8>(p);
    case 16:
      return interleave_by<16>(p);
    default:
      return pack_interleave_any<uint8_t>(p);
  }
}

// A step of a unit is one word, or two.
template <int kDepth, class Word>
[[gnu::always_inline]] static inline void units_by(const PackUnits& p) {
  const Word flip = static_cast<Word>(p.format.flip * uint64_t{0x0101010101010101});
  const int units = p.rows < p.width ? p.rows : p.width, whole = p.cols / kDepth < p.steps ? p.cols / kDepth : p.steps;
  const int64_t width = p.width;
  for (int n = 0; n < units; ++n) {
    const uint8_t* src = p.src + n * p.src_stride;
    uint8_t* dst = static_cast<uint8_t*>(p.dst) + n * kDepth;
    for (int t = 0; t < whole; ++t, src += kDepth, dst += width * kDepth)
      for (int i = 0; i < kDepth; i += static_cast<int>(sizeof(Word))) {
        Word word;
        __builtin_memcpy(&word, src + i, sizeof word);
        word ^= flip;
        __builtin_memcpy(dst + i, &word, sizeof word);
      }
  }
  pack_units_any<uint8_t>(p, kDepth, 0, units, whole);
  pack_units_any<uint8_t>(p, kDepth, units, p.width, 0);
}

[[gnu::always_inline]] static inline void pack_units_vector(const PackUnits& p) {
  if (p.format.element_bytes != 1) return pack_units_any<int16_t>(p, p.format.depth, 0, p.width, 0);
  switch (p.format.depth) {
    case 4:
      return units_by<4, uint32_t>(p);
    case 8:
      return units_by<8, uint64_t>(p);
    case 16:
      return units_by<16, uint64_t>(p);
    default:
      return pack_units_any<uint8_t>(p, p.format.depth, 0, p.width, 0);
  }
}

}  // namespace intrain::ops
