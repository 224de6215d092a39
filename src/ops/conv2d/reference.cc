#include "base/formats.h"
#include "base/rounding.h"
#include "ops/conv2d/conv2d.h"

namespace intrain::ops {
namespace {

// Calls visit(source pixel index, output pixel index, tap index) for every tap of every output pixel that lies in the image.
template <class Visit>
void for_each_tap(const ConvShape& s, const Visit& visit) {
  for (int oh = 0; oh < s.oh(); ++oh)
    for (int ow = 0; ow < s.ow(); ++ow)
      for (int kh = 0; kh < s.kh; ++kh)
        for (int kw = 0; kw < s.kw; ++kw) {
          const int ih = oh * s.stride - s.pad_h() + kh, iw = ow * s.stride - s.pad + kw;
          if (ih < 0 || ih >= s.h || iw < 0 || iw >= s.w) continue;
          visit(int64_t{ih} * s.w + iw, int64_t{oh} * s.ow() + ow, int64_t{kh} * s.kw + kw);
        }
}

template <class Src>
void forward(const ConvShape& s, int images, const Src* src, const int8_t* wei, int32_t* dst) {
  const int gc = s.group_c(), gk = s.group_k();
  for (int64_t i = 0; i < images * s.dst_pixels() * s.k; ++i) dst[i] = 0;
  for (int n = 0; n < images; ++n)
    for_each_tap(s, [&](int64_t in, int64_t out, int64_t tap) {
      const Src* x = src + (n * s.src_pixels() + in) * s.c;
      int32_t* y = dst + (n * s.dst_pixels() + out) * s.k;
      for (int k = 0; k < s.k; ++k) {
        const int8_t* w = wei + (k * s.taps() + tap) * gc;
        const Src* xg = x + k / gk * gc;
        int32_t sum = 0;
        for (int c = 0; c < gc; ++c) sum += xg[c] * w[c];
        y[k] += sum;
      }
    });
}

template <class Src>
void backward_weights(const ConvShape& s, int images, const Src* src, const int8_t* diff_dst, int64_t* diff_wei) {
  const int gc = s.group_c(), gk = s.group_k();
  for (int n = 0; n < images; ++n)
    for_each_tap(s, [&](int64_t in, int64_t out, int64_t tap) {
      const Src* x = src + (n * s.src_pixels() + in) * s.c;
      const int8_t* dy = diff_dst + (n * s.dst_pixels() + out) * s.k;
      for (int k = 0; k < s.k; ++k) {
        int64_t* dw = diff_wei + (k * s.taps() + tap) * gc;
        const Src* xg = x + k / gk * gc;
        for (int c = 0; c < gc; ++c) dw[c] += xg[c] * dy[k];
      }
    });
}

}  // namespace

void conv2d_forward_reference(const ConvShape& s, int images, const void* src, const int8_t* wei, int32_t* dst) {
  if (s.signed_src)
    forward(s, images, static_cast<const int8_t*>(src), wei, dst);
  else
    forward(s, images, static_cast<const uint8_t*>(src), wei, dst);
}

void conv2d_backward_data_reference(const ConvShape& s, int images, const int8_t* diff_dst, const int8_t* wei,
                                    int32_t* diff_src) {
  const int gc = s.group_c(), gk = s.group_k();
  for (int64_t i = 0; i < images * s.src_pixels() * s.c; ++i) diff_src[i] = 0;
  for (int n = 0; n < images; ++n)
    for_each_tap(s, [&](int64_t in, int64_t out, int64_t tap) {
      int32_t* dx = diff_src + (n * s.src_pixels() + in) * s.c;
      const int8_t* dy = diff_dst + (n * s.dst_pixels() + out) * s.k;
      for (int k = 0; k < s.k; ++k) {
        const int8_t* w = wei + (k * s.taps() + tap) * gc;
        for (int c = 0; c < gc; ++c) dx[k / gk * gc + c] += dy[k] * w[c];
      }
    });
}

void conv2d_backward_weights_reference(const ConvShape& s, int images, const void* src, const int8_t* diff_dst,
                                       int64_t* diff_wei) {
  if (s.signed_src)
    backward_weights(s, images, static_cast<const int8_t*>(src), diff_dst, diff_wei);
  else
    backward_weights(s, images, static_cast<const uint8_t*>(src), diff_dst, diff_wei);
}

void stage_s16_reference(const StageS16& p) {
  for (int64_t r = 0; r < p.rows; ++r)
    for (int c = 0; c < p.channels; ++c)
      p.dst[r * p.ldd + c] = static_cast<int16_t>(clamp(rshift_round(p.acc[r * p.lda + c], p.shift[c]), -kS16Max, kS16Max));
}

namespace {

void pack(const PackFormat& f, uint8_t value, void* dst, int64_t at) {
  if (f.element_bytes == 1)
    static_cast<uint8_t*>(dst)[at] = value ^ f.flip;
  else
    static_cast<int16_t*>(dst)[at] = f.is_signed ? static_cast<int8_t>(value) : value;
}

}  // namespace

void pack_row_reference(const PackRow& p) {
  for (int64_t i = 0; i < p.count; ++i) pack(p.format, p.src[i], p.dst, i);
}

void pack_transpose_reference(const PackTranspose& p) {
  for (int c = 0; c < p.cols; ++c)
    for (int r = 0; r < p.rows; ++r) pack(p.format, p.src[r * p.src_stride + c], p.dst, c * p.dst_stride + r);
}

void pack_interleave_reference(const PackInterleave& p) {
  const int depth = p.format.depth;
  for (int64_t i = 0; i < int64_t{p.steps} * p.width * depth; ++i) {
    const int64_t row = i / (int64_t{p.width} * depth) * depth + i % depth, col = i / depth % p.width;
    pack(p.format, row < p.rows && col < p.cols ? p.src[row * p.src_stride + col] : 0, p.dst, i);
  }
}

void pack_units_reference(const PackUnits& p) {
  const int depth = p.format.depth;
  for (int64_t i = 0; i < int64_t{p.steps} * p.width * depth; ++i) {
    const int64_t col = i / (int64_t{p.width} * depth) * depth + i % depth, row = i / depth % p.width;
    pack(p.format, row < p.rows && col < p.cols ? p.src[row * p.src_stride + col] : 0, p.dst, i);
  }
}

uint64_t add_sums_reference(const AddSums& p) {
  uint64_t max = 0;
  for (int r = 0; r < p.rows; ++r)
    for (int c = 0; c < p.cols; ++c) {
      const int64_t at = r * p.ldd + c, sum = (p.overwrite ? 0 : p.dst[at]) + p.sums[r * p.lds + c];
      p.dst.set(at, sum);
      if (p.last && magnitude(sum) > max) max = magnitude(sum);
    }
  return max;
}

int staging_shift(int64_t amax, int64_t weight_l1) {
  const int64_t bound = amax * weight_l1;
  int s = quantize_shift(magnitude(bound), 16);
  if (rshift_round(bound, s) > kS16Max) ++s;
  return s;
}

}  // namespace intrain::ops
