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

template <class Src>
void forward(const ConvShape& s, const Src* src, const int8_t* wei, int32_t* dst) {
  const Axis rows = rows_of(s), columns = columns_of(s);
  const int c = s.group_c(), x_row = s.w * s.c, w_row = s.kw * c;
  for (int32_t i = 0, count = rows.out * columns.out * s.k; i < count; ++i) dst[i] = 0;
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

template <class Src>
void backward_weights(const ConvShape& s, const Src* src, const int8_t* diff_dst, int32_t* diff_wei) {
  const Axis rows = rows_of(s), columns = columns_of(s);
  const int c = s.group_c(), gk = s.group_k(), fan_in = static_cast<int>(s.fan_in());
  for (int kh = 0; kh < s.kh; ++kh)
    for (int kw = 0; kw < s.kw; ++kw, diff_wei += c) {
      const Range oh = outputs_of(rows, kh), ow = outputs_of(columns, kw);
      Pixels p{oh.count(), ow.count(), s.stride * s.c, 0, s.k, 0, fan_in};
      if (p.columns == 0) p.rows = 0;
      p.x_skip = s.stride * s.w * s.c - p.columns * p.x_step;
      p.dy_skip = (columns.out - p.columns) * s.k;
      const Src* const x = src + ((oh.begin * s.stride - rows.pad + kh) * s.w + ow.begin * s.stride - columns.pad + kw) * s.c;
      const int8_t* const dy = diff_dst + (oh.begin * columns.out + ow.begin) * s.k;
      for (int group = 0; group < s.groups; ++group) tap(s, p, x + group * c, dy + group * gk, diff_wei + group * gk * fan_in);
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
      for (int group = 0; group < s.groups; ++group, first += gk * fan_in, sources.dy += gk) {
        int i = 0;
        for (; i + kSums <= c; i += kSums) gather<kSums>(sources, first + i, diff_src + i);
        for (; i < c; ++i) gather<1>(sources, first + i, diff_src + i);
        diff_src += c;
      }
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
