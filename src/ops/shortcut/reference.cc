#include <cstddef>

#include "base/rounding.h"
#include "ops/shortcut/shortcut.h"

namespace intrain::ops {

void pad_shortcut(const PadShortcutShape& p, const uint8_t* src, uint8_t* dst) {
  const auto before = static_cast<size_t>(p.before), channels = static_cast<size_t>(p.c),
             behind = static_cast<size_t>(p.k) - before - channels;
  for (int y = 0; y < p.oh(); ++y)
    for (int x = 0; x < p.ow(); ++x, dst += p.k) {
      const int64_t pixel = int64_t{y} * p.stride * p.w + int64_t{x} * p.stride;
      __builtin_memset(dst, 0, before);
      __builtin_memcpy(dst + before, src + pixel * p.c, channels);
      __builtin_memset(dst + before + channels, 0, behind);
    }
}

uint32_t pad_shortcut_backward(const PadShortcutShape& p, const int16_t* diff_dst, int32_t* diff_src) {
  for (int64_t i = 0; i < int64_t{p.h} * p.w * p.c; ++i) diff_src[i] = 0;
  uint64_t max = 0;
  for (int y = 0; y < p.oh(); ++y)
    for (int x = 0; x < p.ow(); ++x) {
      const int16_t* from = diff_dst + (int64_t{y} * p.ow() + x) * p.k + p.before;
      int32_t* to = diff_src + (int64_t{y} * p.stride * p.w + int64_t{x} * p.stride) * p.c;
      for (int i = 0; i < p.c; ++i) {
        to[i] = from[i];
        if (magnitude(to[i]) > max) max = magnitude(to[i]);
      }
    }
  return static_cast<uint32_t>(max);
}

}  // namespace intrain::ops
