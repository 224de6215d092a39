// The shortcut without parameters (He et al., "Deep residual learning", option A) over NHWC images: every stride-th pixel of every
// stride-th row, and zeros for the new channels. Each function takes one image; they only move numbers, so every ISA runs the same.
#pragma once

#include <cstdint>

#include "base/shapes.h"

namespace intrain::ops {

// dst[y][x][i] = src[stride y][stride x][i - before], 0 where i - before is none of 0 .. c - 1. Of u8, or of s8 by its bytes.
void pad_shortcut(const PadShortcutShape& p, const uint8_t* src, uint8_t* dst);

// The backward pass: diff_src[stride y][stride x][i] = diff_dst[y][x][before + i], 0 at all other pixels. Returns the largest magnitude.
uint32_t pad_shortcut_backward(const PadShortcutShape& p, const int16_t* diff_dst, int32_t* diff_src);

}  // namespace intrain::ops
