// The geometry of layers, as the graph of a net and the operators both name it. h, w, c: height, width and channels of the input.
#pragma once

#include <cstdint>

#include "base/formats.h"
#include "base/widths.h"

namespace intrain {

// A convolution's; a linear layer is one with h = w = kh = kw = 1.
struct ConvShape {
  int h, w, c;  // input
  int k;        // output channels
  int kh, kw;
  int stride, pad;
  int groups;
  bool signed_src;  // x is s8

  // Rows of zeros above and below: a kernel lower than it is wide, that of a signal, reaches no further.
  int pad_h() const { return pad < kh ? pad : kh - 1; }
  // For a kernel no larger than the padded image.
  int oh() const { return (h + 2 * pad_h() - kh) / stride + 1; }
  int ow() const { return (w + 2 * pad - kw) / stride + 1; }
  int group_c() const { return c / groups; }
  int group_k() const { return k / groups; }
  int64_t taps() const { return int64_t{kh} * kw; }
  int64_t fan_in() const { return taps() * group_c(); }
  int64_t weights() const { return k * fan_in(); }
  int64_t src_pixels() const { return int64_t{h} * w; }
  int64_t dst_pixels() const { return int64_t{oh()} * ow(); }
};

// Max pool; a padded tap never wins.
struct MaxPoolShape {
  int h, w, c;
  int size, stride, pad;  // pad < size
  [[gnu::always_inline]] int oh() const { return (h + 2 * pad - size) / stride + 1; }
  [[gnu::always_inline]] int ow() const { return (w + 2 * pad - size) / stride + 1; }
};

// The shortcut without parameters (He et al., "Deep residual learning", option A): ops/shortcut/shortcut.h.
struct PadShortcutShape {
  int h, w, c;  // of the input
  int k;        // channels of the output, at least c
  int stride;
  int before;  // new channels before those of the input, 0 to k - c; the others stand behind
  int oh() const { return (h - 1) / stride + 1; }
  int ow() const { return (w - 1) / stride + 1; }
};

// What follows batch norm. kNone: nothing, a normalized value. kRelu, kRelu6: u8, the latter clipped at 6. kLinear: s8, that of a linear
// bottleneck.
enum class Activation { kNone, kRelu, kRelu6, kLinear };

// What its saturated outputs are, of widths.a bits. The lower end of a linear one is the negative of its upper.
constexpr int activation_top(Activation activation, const Widths& widths) {
  const int up = 8 - widths.a;
  if (activation == Activation::kRelu6) return kRelu6Top;
  if (activation == Activation::kLinear) return static_cast<int>(quantize_limit(widths.a)) << up;
  return ((1 << widths.a) - 1) << up;
}

}  // namespace intrain
