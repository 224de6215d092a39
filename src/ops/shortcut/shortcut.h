// The shortcut without parameters (He et al., "Deep residual learning", option A) over NHWC images: every stride-th pixel of every
// stride-th row, and zeros for the new channels. Each function takes one image; they only move numbers, so every ISA runs the same.
#pragma once

#include <cstdint>

namespace intrain::ops {

struct PadShortcut {
  int h, w, c;  // of the input
  int k;        // channels of the output, at least c
  int stride;
  int before;  // new channels before those of the input, 0 to k - c; the others stand behind
  int oh() const { return (h - 1) / stride + 1; }
  int ow() const { return (w - 1) / stride + 1; }
};

// dst[y][x][i] = src[stride y][stride x][i - before], 0 where i - before is none of 0 .. c - 1. Of u8, or of s8 by its bytes.
void pad_shortcut(const PadShortcut& p, const uint8_t* src, uint8_t* dst);

// The way back: diff_src[stride y][stride x][i] = diff_dst[y][x][before + i], 0 at all other pixels. Returns the largest magnitude.
uint32_t pad_shortcut_backward(const PadShortcut& p, const int16_t* diff_dst, int32_t* diff_src);

}  // namespace intrain::ops
