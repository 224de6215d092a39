#include "micro/products.h"

#include "micro/products_loops.h"
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#include "micro/products_arm.h"
#endif

namespace intrain::micro {
namespace {

// Along one axis: output `o` reads the inputs o * stride - pad + tap.
struct Axis {
  int in, out, taps, stride, pad;
};
Axis rows_of(const ConvShape& s) { return {s.h, s.oh(), s.kh, s.stride, s.pad_h()}; }
Axis columns_of(const ConvShape& s) { return {s.w, s.ow(), s.kw, s.stride, s.pad}; }

struct Range {
  int begin, end;
  int count() const { return end > begin ? end - begin : 0; }
};
// The taps of an output that lie in the image.
Range taps_of(const Axis& a, int out) {
  const int first = out * a.stride - a.pad;
  return {first < 0 ? -first : 0, first + a.taps > a.in ? a.in - first : a.taps};
}
// The outputs that read by `tap` what lies in the image.
Range outputs_of(const Axis& a, int tap) {
  const int before = a.pad - tap, last = a.in - 1 + a.pad - tap;  // before <= o * stride <= last
  const int begin = before > 0 ? (before + a.stride - 1) / a.stride : 0, end = last < 0 ? 0 : last / a.stride + 1;
  return {begin, end < a.out ? end : a.out};
}
// The taps by which outputs read an input: each stride-th from `begin` on, that one of output `out`, the next of the output before it. Goes from
// input to input.
class Readers {
 public:
  explicit Readers(const Axis& a) : axis_(a), begin_(a.pad % a.stride), out_(a.pad / a.stride) { find(); }
  void next() {
    if (++begin_ == axis_.stride) {
      begin_ = 0;
      ++out_;
    }
    find();
  }
  int begin() const { return begin_ + beyond_ * axis_.stride; }
  int out() const { return out_ - beyond_; }
  int count() const { return count_; }

 private:
  void find() {
    beyond_ = out_ < axis_.out ? 0 : out_ - axis_.out + 1;
    count_ = 0;
    for (int tap = begin(), out = this->out(); tap < axis_.taps && out >= 0; tap += axis_.stride, --out) ++count_;
  }

  const Axis& axis_;
  int begin_, out_;  // without a last output
  int beyond_ = 0, count_ = 0;
};

template <class Src>
void outputs(Patch<Src>& p, int count, int32_t* dst) {
  int k = 0;
  if (p.x_step == 1)
    for (; k + kSums <= count; k += kSums, p.w += kSums * p.fan_in) dots<kSums>(p, dst + k);
  for (; k < count; ++k, p.w += p.fan_in)
    if (p.x_step == 1)
      dots<1>(p, dst + k);
    else
      dot_apart(p, dst + k);
}

// All outputs of a pixel, of sums that are 0 before. p: at its first taps, for a row of one tap.
template <class Src>
void pixel(const ConvShape& s, Patch<Src>& p, int taps_high, int taps_wide, int32_t* dst) {
  const int c = s.group_c(), gk = s.group_k();
  const int8_t* const w = p.w;
  p.rows = taps_high;
  if (s.groups == 1) {  // a row of taps lies together
    p.width = taps_wide * c;
    return outputs(p, gk, dst);
  }
  const Src* const x = p.x;
  for (int group = 0; group < s.groups; ++group, dst += gk) {
    p.x = x + group * c;
    p.w = w + group * gk * p.fan_in;
    if (c == 1) {
      p.width = taps_wide;
      p.x_step = s.c;
      outputs(p, gk, dst);
      continue;
    }
    Patch<Src> row = p;
    row.rows = taps_wide;
    row.width = row.w_row = c;
    row.x_row = s.c;
    for (int r = 0; r < taps_high; ++r) {
      row.x = p.x + r * p.x_row;
      row.w = p.w + r * p.w_row;
      outputs(row, gk, dst);
    }
  }
}

// The outputs that read the image by a tap, and the first elements of their pixels.
struct Tap {
  Pixels pixels;
  int x, dy;
};
Tap tap_of(const ConvShape& s, int kh, int kw) {
  const Axis rows = rows_of(s), columns = columns_of(s);
  const Range oh = outputs_of(rows, kh), ow = outputs_of(columns, kw);
  Pixels p{oh.count(), ow.count(), s.stride * s.c, s.k, 0, 0, static_cast<int>(s.fan_in())};
  if (p.columns == 0) p.rows = 0;
  p.x_skip = s.stride * s.w * s.c - p.columns * p.x_step;
  p.dy_skip = (columns.out - p.columns) * s.k;
  return {p, ((oh.begin * s.stride - rows.pad + kh) * s.w + ow.begin * s.stride - columns.pad + kw) * s.c,
          (oh.begin * columns.out + ow.begin) * s.k};
}

// Each channel by itself: all pixels of a tap.
template <bool kForward, class Src>
void by_channel(const ConvShape& s, const Src* src, const int8_t* wei, int32_t* dst) {
  set_zero(dst, static_cast<int32_t>(kForward ? s.dst_pixels() : s.src_pixels()) * s.c);
  const int taps = s.kh * s.kw;
  for (int kh = 0; kh < s.kh; ++kh)
    for (int kw = 0; kw < s.kw; ++kw, ++wei) {
      const Tap t = tap_of(s, kh, kw);
      const Src* const from = src + (kForward ? t.x : t.dy);
      int32_t* const to = dst + (kForward ? t.dy : t.x);
      for (int channel = 0; channel < s.c; ++channel)
        add_scaled<kForward>(t.pixels, from + channel, wei[channel * taps], to + channel);
    }
}
// All channels of a pixel and a group.
void gather_all(const Sources& sources, const int8_t* wei, int channels, int32_t* dst) {
  int i = 0;
  if (sources.kh_count == 0 || sources.kw_count == 0) {
    set_zero(dst, channels);
    return;
  }
  for (; i + kChannels <= channels; i += kChannels) gather<kChannels>(sources, wei + i, dst + i);
  if constexpr (kChannels > kSums)
    for (; i + kSums <= channels; i += kSums) gather<kSums>(sources, wei + i, dst + i);
  for (; i < channels; ++i) gather<1>(sources, wei + i, dst + i);
}

bool each_by_itself(const ConvShape& s) { return s.group_c() == 1 && s.group_k() == 1; }

template <class Src>
void forward(const ConvShape& s, const Src* src, const int8_t* wei, int32_t* dst) {
  if (each_by_itself(s)) return by_channel<true>(s, src, wei, dst);
  const Axis rows = rows_of(s), columns = columns_of(s);
  const int c = s.group_c(), x_row = s.w * s.c, w_row = s.kw * c;
  set_zero(dst, rows.out * columns.out * s.k);
  Patch<Src> p{src, wei, 0, 0, x_row, w_row, 1, static_cast<int>(s.fan_in())};
  for (int oh = 0; oh < rows.out; ++oh) {
    const Range kh = taps_of(rows, oh);
    const Src* const x = src + (oh * s.stride - rows.pad + kh.begin) * x_row;
    const int8_t* const w = wei + kh.begin * w_row;
    for (int ow = 0; ow < columns.out; ++ow, dst += s.k) {
      const Range kw = taps_of(columns, ow);
      p.x = x + (ow * s.stride - columns.pad + kw.begin) * s.c;
      p.w = w + kw.begin * c;
      pixel(s, p, kh.count(), kw.count(), dst);
    }
  }
}

template <int kDy, class Src>
void outer_row(const Pixels& p, const Src* x, int channels, const int8_t* dy, int32_t* dw) {
  int i = 0;
  for (; i + kInputs <= channels; i += kInputs) outer<kDy, kInputs>(p, x + i, dy, dw + i);
  for (; i < channels; ++i) outer<kDy, 1>(p, x + i, dy, dw + i);
}

// Of one tap and a group: x at the first pixel's channels, dy at its outputs.
template <class Src>
void tap(const ConvShape& s, const Pixels& p, const Src* x, const int8_t* dy, int32_t* dw) {
  const int c = s.group_c(), gk = s.group_k(), fan_in = p.dw_row;
  if (p.rows == 0) {
    for (int k = 0; k < gk; ++k) set_zero(dw + k * fan_in, c);
    return;
  }
  if (p.rows == 1 && p.columns == 1) {
    int i = 0;
    for (; i + kScaled <= c; i += kScaled) scaled<kScaled>(x + i, dy, gk, dw + i, fan_in);
    for (; i < c; ++i) scaled<1>(x + i, dy, gk, dw + i, fan_in);
    return;
  }
  int k = 0;
  for (; k + kErrors <= gk; k += kErrors) outer_row<kErrors>(p, x, c, dy + k, dw + k * fan_in);
  for (; k < gk; ++k) outer_row<1>(p, x, c, dy + k, dw + k * fan_in);
}

// The gradient of each channel by itself, of one tap.
template <class Src>
void tap_by_channel(const Pixels& p, int channels, const Src* x, const int8_t* dy, int32_t* dw) {
  int i = 0;
  for (; i + kInputs <= channels; i += kInputs) pairs<kInputs>(p, x + i, dy + i, dw + i * p.dw_row);
  for (; i < channels; ++i) pairs<1>(p, x + i, dy + i, dw + i * p.dw_row);
}

template <class Src>
void backward_weights(const ConvShape& s, const Src* src, const int8_t* diff_dst, int32_t* diff_wei) {
  const int c = s.group_c(), gk = s.group_k(), fan_in = static_cast<int>(s.fan_in());
  for (int kh = 0; kh < s.kh; ++kh)
    for (int kw = 0; kw < s.kw; ++kw, diff_wei += c) {
      const Tap t = tap_of(s, kh, kw);
      if (each_by_itself(s) && t.pixels.rows > 0) {
        tap_by_channel(t.pixels, s.c, src + t.x, diff_dst + t.dy, diff_wei);
        continue;
      }
      for (int group = 0; group < s.groups; ++group)
        tap(s, t.pixels, src + t.x + group * c, diff_dst + t.dy + group * gk, diff_wei + group * gk * fan_in);
    }
}

}  // namespace

void product(const ConvShape& s, const void* src, const int8_t* wei, int32_t* dst) {
  if (s.signed_src)
    forward(s, static_cast<const int8_t*>(src), wei, dst);
  else
    forward(s, static_cast<const uint8_t*>(src), wei, dst);
}

void product_backward_data(const ConvShape& s, const int8_t* diff_dst, const int8_t* wei, int32_t* diff_src) {
  if (each_by_itself(s)) return by_channel<false>(s, diff_dst, wei, diff_src);
  const Axis rows = rows_of(s), columns = columns_of(s);
  const int c = s.group_c(), gk = s.group_k(), fan_in = static_cast<int>(s.fan_in());
  Sources sources{diff_dst, 0, 0, gk, -columns.out * s.k, s.stride * s.kw * c, -s.k - gk, s.stride * c - gk * fan_in, fan_in};
  Readers kh(rows);
  for (int h = 0; h < s.h; ++h, kh.next()) {
    const int8_t *const dy = diff_dst + kh.out() * columns.out * s.k, *const w_row = wei + kh.begin() * s.kw * c;
    sources.kh_count = kh.count();
    Readers kw(columns);
    for (int w = 0; w < s.w; ++w, kw.next()) {
      const int8_t* first = w_row + kw.begin() * c;
      sources.dy = dy + kw.out() * s.k;
      sources.kw_count = kw.count();
      for (int group = 0; group < s.groups; ++group, first += gk * fan_in, sources.dy += gk, diff_src += c)
        gather_all(sources, first, c, diff_src);
    }
  }
}

void product_backward_weights(const ConvShape& s, const void* src, const int8_t* diff_dst, int32_t* diff_wei) {
  if (s.signed_src)
    backward_weights(s, static_cast<const int8_t*>(src), diff_dst, diff_wei);
  else
    backward_weights(s, static_cast<const uint8_t*>(src), diff_dst, diff_wei);
}

}  // namespace intrain::micro
