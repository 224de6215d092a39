// One problem a kernel of ops/kernels.def: makes inputs and outputs in guarded buffers, as a function of (seed, shape, filling)
// alone. A new row of kernels.def does not compile in kernels_test.cc until it has its <name>_case here.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"
#include "ops/kernels.h"
#include "support/guarded.h"
#include "support/rng.h"

namespace intrain::ops::test {

using intrain::test::Arena;
using intrain::test::Fill;
using intrain::test::Guarded;
using intrain::test::Rng;

struct CaseShape {
  int64_t rows;
  int channels;
  Fill fill;
  int offset;  // elements past an aligned address, for every buffer
};

// Every case is `T params(Arena&, const CaseShape&, Rng&, variant)`; kVariants says how many there are.
class CaseBuilder {
 public:
  CaseBuilder(Arena& arena, const CaseShape& shape, Rng& rng) : arena_(arena), shape_(shape), rng_(rng) {}

  template <class T>
  T* input(const char* name, int64_t count, int64_t lo, int64_t hi) {
    Guarded<T>& b = arena_.add<T>(name, count, shape_.offset);
    intrain::test::fill(rng_, shape_.fill, b.data(), count, lo, hi);
    return b.data();
  }
  // Always uniform: parameters of a channel.
  template <class T>
  T* per_channel(const char* name, int64_t lo, int64_t hi) {
    Guarded<T>& b = arena_.add<T>(name, shape_.channels, shape_.offset);
    for (int c = 0; c < shape_.channels; ++c) b[c] = static_cast<T>(c % 4 == 1 ? hi : c % 4 == 2 ? lo : rng_.range(lo, hi));
    return b.data();
  }
  template <class T>
  T* output(const char* name, int64_t count, int64_t lo = -7, int64_t hi = 7) {
    Guarded<T>& b = arena_.add<T>(name, count, shape_.offset);
    intrain::test::fill(rng_, Fill::kUniform, b.data(), count, std::max<int64_t>(lo, std::numeric_limits<T>::min()), hi);
    return b.data();
  }
  int64_t size() const { return shape_.rows * shape_.channels; }
  const CaseShape& shape() const { return shape_; }
  Rng& rng() { return rng_; }

 private:
  Arena& arena_;
  const CaseShape& shape_;
  Rng& rng_;
};

struct stage_s16_case {
  static constexpr int kVariants = 4;  // tight rows, rows with a gap; within s16, any
  static StageS16 params(CaseBuilder& b, int variant) {
    const int gap = variant % 2 == 0 ? 0 : 5;
    const CaseShape& s = b.shape();
    const int64_t lda = s.channels + gap, ldd = s.channels + 2 * gap;
    int32_t* shift = b.per_channel<int32_t>("shift", 0, 17);
    Rng& rng = b.rng();
    int32_t* acc = b.output<int32_t>("acc", std::max<int64_t>(s.rows * lda, 1));
    constexpr int64_t kAccLimit = (int64_t{1} << 31) - (int64_t{1} << 17) - 1;
    for (int64_t r = 0; r < s.rows; ++r)
      for (int c = 0; c < s.channels; ++c) {
        const int64_t limit = variant < 2 ? std::min(kAccLimit, int64_t{kS16Max} << shift[c]) : kAccLimit;
        acc[r * lda + c] = static_cast<int32_t>(intrain::test::draw(rng, s.fill, -limit, limit));
      }
    return {acc, lda, s.rows, s.channels, shift, b.output<int16_t>("dst", std::max<int64_t>(s.rows * ldd, 1)), ldd};
  }
};

// Bytes as they are, bytes + 128, s16 from s8 and from u8; then the steps of other tiles, and u8 - 128.
constexpr PackFormat kPackFormats[] = {{1, 4, false, 0}, {1, 4, true, 0x80}, {2, 2, true, 0},      {2, 2, false, 0},
                                       {1, 4, true, 0},  {1, 8, true, 0},    {1, 16, false, 0x80}, {2, 1, true, 0}};
constexpr int kPackFormatCount = 8;

// A destination of packed elements.
inline void* packed_output(CaseBuilder& b, const PackFormat& f, int64_t count) {
  count = std::max<int64_t>(count, 1);
  if (f.element_bytes == 1) return b.output<uint8_t>("dst", count);
  return b.output<int16_t>("dst", count);
}

struct pack_row_case {
  static constexpr int kVariants = 4;  // formats but for their depths
  static PackRow params(CaseBuilder& b, int variant) {
    const PackFormat f = kPackFormats[variant];
    return {b.input<uint8_t>("src", std::max<int64_t>(b.size(), 1), 0, kU8Max), b.size(), f, packed_output(b, f, b.size())};
  }
};

struct pack_transpose_case {
  static constexpr int kVariants = 8;  // format, strides with a gap
  static PackTranspose params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    const PackFormat f = kPackFormats[variant % 4];
    const int gap = variant / 4 * 3, rows = static_cast<int>(s.rows);
    const int64_t src_stride = s.channels + gap, dst_stride = rows + gap;
    uint8_t* src = b.input<uint8_t>("src", std::max<int64_t>(rows * src_stride, 1), 0, kU8Max);
    return {src, src_stride, rows, s.channels, f, packed_output(b, f, s.channels * dst_stride), dst_stride};
  }
};

// Rows or columns past the end, and strides with a gap.
template <class Pack, bool kRowsAreReduced>
struct PackMatrixCase {
  static constexpr int kVariants = 3 * kPackFormatCount;
  static Pack params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    const PackFormat f = kPackFormats[variant % kPackFormatCount];
    const int more = variant / kPackFormatCount, rows = static_cast<int>(s.rows), depth = f.depth;
    const int64_t stride = s.channels + 5 * more;
    const int reduced = kRowsAreReduced ? rows : s.channels, kept = kRowsAreReduced ? s.channels : rows;
    const int steps = (reduced + depth - 1) / depth + more % 2, width = kept + 7 * more;
    uint8_t* src = b.input<uint8_t>("src", std::max<int64_t>(rows * stride, 1), 0, kU8Max);
    return {src, stride, rows, s.channels, f, packed_output(b, f, int64_t{steps} * width * depth), steps, width};
  }
};
struct pack_interleave_case : PackMatrixCase<PackInterleave, true> {};
struct pack_units_case : PackMatrixCase<PackUnits, false> {};

struct add_sums_case {
  static constexpr int kVariants = 2;
  static AddSums params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    const int rows = static_cast<int>(s.rows);
    const int64_t lds = s.channels + 3, ldd = s.channels + 9;
    return {b.input<int32_t>("sums", std::max<int64_t>(rows * lds, 1), -INT32_MAX, INT32_MAX),
            lds,
            rows,
            s.channels,
            variant == 0,
            b.output<int64_t>("dst", std::max<int64_t>(rows * ldd, 1), -(int64_t{1} << 50), int64_t{1} << 50),
            ldd};
  }
};

struct depthwise_conv_case {
  static constexpr int kVariants = 20;  // the taps, the stride, the source's sign, s32 or s16
  // About `rows` pixels of output, in a source that leaves taps outside on every side, or none.
  static DepthwiseConv params(CaseBuilder& b, int variant) {
    constexpr int kTaps[][3] = {{3, 3, 1}, {3, 3, 2}, {2, 2, 1}, {2, 1, 1}, {1, 2, 1}};
    const CaseShape& s = b.shape();
    const auto& [taps_h, taps_w, stride] = kTaps[variant % 5];
    const int rows = static_cast<int>(s.rows), cols = 1 + rows % 11, lines = (rows + cols - 1) / cols;
    DepthwiseConv p{};
    p.signed_src = variant / 5 % 2 == 1;
    p.channels = s.channels;
    p.taps_h = taps_h;
    p.taps_w = taps_w;
    p.stride = stride;
    p.origin_h = -static_cast<int>(b.rng().range(0, 2));
    p.origin_w = -static_cast<int>(b.rng().range(0, 3));
    p.first = static_cast<int>(b.rng().range(0, 2));
    p.rows = lines;
    p.cols = cols;
    p.h = std::max(1, (p.first + lines) * stride + static_cast<int>(b.rng().range(-2, 2)));
    p.w = std::max(1, cols * stride + static_cast<int>(b.rng().range(-3, 3)));
    const int64_t size = int64_t{p.h} * p.w * p.channels;
    if (p.signed_src)
      p.src = b.input<int8_t>("src", size, -kS8Max, kS8Max);
    else
      p.src = b.input<uint8_t>("src", size, 0, kU8Max);
    p.wei = b.input<int8_t>("wei", int64_t{taps_h} * taps_w * p.channels, -kS8Max, kS8Max);
    const int gap = variant % 3;
    p.pixel_step = p.channels + gap;
    p.row_step = cols * p.pixel_step + 2 * gap;
    const int64_t end = std::max<int64_t>(lines * p.row_step, 1);
    if (variant / 10 == 0) {
      p.dst32 = b.output<int32_t>("dst", end);
    } else {
      p.dst16 = b.output<int16_t>("dst", end);
      p.shift = b.per_channel<int32_t>("shift", 0, 17);
    }
    return p;
  }
};

struct depthwise_weights_case {
  static constexpr int kVariants = 8;  // the stride, the source's sign, the padding
  static DepthwiseWeights params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    DepthwiseWeights p{};
    p.stride = 1 + variant % 2;
    p.signed_src = variant / 2 % 2 == 1;
    p.pad = variant / 4 == 0 ? 1 : static_cast<int>(b.rng().range(0, 3));
    p.channels = s.channels;
    p.cols = 1 + static_cast<int>(s.rows) % 11;
    p.rows = (static_cast<int>(s.rows) + p.cols - 1) / p.cols;
    p.first = static_cast<int>(b.rng().range(0, 2));
    p.h = std::max(1, (p.first + p.rows) * p.stride + static_cast<int>(b.rng().range(-2, 2)));
    p.w = std::max(1, p.cols * p.stride + static_cast<int>(b.rng().range(-3, 3)));
    const int64_t size = int64_t{p.h} * p.w * p.channels;
    if (p.signed_src)
      p.src = b.input<int8_t>("src", size, -kS8Max, kS8Max);
    else
      p.src = b.input<uint8_t>("src", size, 0, kU8Max);
    p.diff_dst =
        b.input<int8_t>("diff_dst", std::max<int64_t>(int64_t{p.first + p.rows} * p.cols * p.channels, 1), -kS8Max, kS8Max);
    p.diff_wei = b.output<int64_t>("diff_wei", int64_t{9} * p.channels, -(int64_t{1} << 50), int64_t{1} << 50);
    return p;
  }
};

struct batch_norm_sums_case {
  static constexpr int kVariants = 1;
  static NormSums params(CaseBuilder& b, int) {
    const CaseShape& s = b.shape();
    return {b.input<int16_t>("y", b.size(), -kS16Max, kS16Max), s.rows, s.channels, b.output<int64_t>("s1", s.channels),
            b.output<int64_t>("s2", s.channels)};
  }
};

struct batch_norm_normalize_case {
  static constexpr int kVariants = 2;  // sigmas of every size, sigmas that saturate
  static Normalize params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    int32_t* mult = b.per_channel<int32_t>("mult", 0, 0);
    int32_t* offset = b.per_channel<int32_t>("offset", 0, 0);
    int32_t* shift = b.per_channel<int32_t>("shift", 0, 0);
    for (int c = 0; c < s.channels; ++c) {
      const int length = static_cast<int>(variant == 0 ? b.rng().range(20, 31) : b.rng().range(9, 32));
      const uint32_t sigma = static_cast<uint32_t>(b.rng().range(int64_t{1} << (length - 1), (int64_t{1} << length) - 1));
      const Affine a = batch_norm_affine(b.rng().range(-(int64_t{1} << 31), int64_t{1} << 31) >> (c % 3 * 6), sigma);
      mult[c] = a.mult, offset[c] = a.offset, shift[c] = a.shift;
    }
    return {b.input<int16_t>("y", b.size(), -kS16Max, kS16Max),
            s.rows,
            s.channels,
            mult,
            offset,
            shift,
            b.output<int8_t>("x_hat", b.size())};
  }
};

struct batch_norm_backward_sums_case {
  static constexpr int kAligns[] = {0, -15, -3, 1, 7, 15, 16, 17, 31, 40};
  static constexpr int kVariants = 3 * 10;  // without a mask, with one of u8, of s8
  static NormBackwardSums params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    const bool is_signed = variant / 10 == 2;
    const int top = is_signed ? 127 - variant % 2 * 3 : variant % 3 == 2 ? 192 : 255;
    int16_t* e = b.input<int16_t>("e", b.size(), -kS16Max, kS16Max);
    uint8_t* mask = nullptr;
    if (is_signed) {
      mask = reinterpret_cast<uint8_t*>(b.output<int8_t>("mask", b.size()));
      const int values[] = {0, 1, -1, top - 1, top, 1 - top, -top};
      for (int64_t i = 0; i < b.size(); ++i) mask[i] = static_cast<uint8_t>(values[b.rng().range(0, 6)]);
    } else if (variant / 10 == 1) {
      mask = b.output<uint8_t>("mask", b.size());
      constexpr uint8_t kMasks[] = {0, 1, 100, 254, 255, 192};
      for (int64_t i = 0; i < b.size(); ++i) mask[i] = std::min(kMasks[b.rng().range(0, 5)], static_cast<uint8_t>(top));
    }
    return {e,
            kAligns[variant % 10],
            mask,
            b.input<int8_t>("x_hat", b.size(), -kS8Max, kS8Max),
            s.rows,
            s.channels,
            b.output<int64_t>("sum_e", s.channels),
            b.output<int64_t>("sum_ex", s.channels),
            top,
            is_signed ? -top : 0};
  }
};

// Nothing (to nearest), or the random bits of some sample.
inline const ErrorRandom* error_random(int which) {
  static constexpr ErrorRandom kRandoms[] = {{{0x123456789abcdef0, RandomUse::kError, 3, 77}, 5},
                                             {{0, RandomUse::kError, 0xfffffff0, 0}, 0xffffffff}};
  return which == 0 ? nullptr : &kRandoms[which - 1];
}

// One plane of E2, the flag format, all of 16 bits, 9 bits.
constexpr int kErrorPlanes = 4;
inline ErrorPlane error_plane(CaseBuilder& b, int which) {
  constexpr int kLimits[] = {0, 0, kPlanesMax, 255};
  if (which == 0) return {};
  return {b.output<int8_t>("low", b.size()), which == 1, kLimits[which]};
}

struct NormBackwardCase {
  static constexpr int kShifts[] = {0, 1, 7, 8, 9, 10, 17, 24, 29};
  static NormBackward params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    return {b.input<int16_t>("e", b.size(), -kS16Max, kS16Max),
            b.input<int8_t>("x_hat", b.size(), -kS8Max, kS8Max),
            s.rows,
            s.channels,
            b.per_channel<int32_t>("k", -2047, 2047),
            b.per_channel<int32_t>("b", -kS16Max, kS16Max),
            b.per_channel<int32_t>("a", -2047 * 32767, 2047 * 32767),
            kShifts[variant % 9],
            b.output<int8_t>("dst", b.size()),
            error_random(variant / 9 % 3),
            b.rng().range(0, 2) * 100,
            error_plane(b, variant / 27)};
  }
};
struct batch_norm_backward_max_case : NormBackwardCase {
  static constexpr int kVariants = 1;
};
struct batch_norm_backward_quantize_case : NormBackwardCase {
  static constexpr int kVariants = 3 * 9 * kErrorPlanes;  // the shift, to nearest and stochastic, the planes
};

// Shifts as error_scale makes them from true maxima.
struct batch_norm_backward_add_case {
  static constexpr int kVariants = 3 * 8;  // no addend, an addend, dst as the addend; exponents apart
  static NormBackwardAdd params(CaseBuilder& b, int variant) {
    constexpr int kApart[] = {0, 1, -3, 14, 15, 16, 17, -70};
    const int addend = variant % 3;
    const int64_t n = b.size();
    NormBackwardAdd p{};
    p.norm = NormBackwardCase::params(b, 0);
    p.dst = b.output<int16_t>("stream", n);
    uint32_t addend_max = 0;
    if (addend != 0) {
      int16_t* a = addend == 2 ? p.dst : b.output<int16_t>("addend", n);
      intrain::test::fill(b.rng(), b.shape().fill, a, n, -kS16Max, kS16Max);
      for (int64_t i = 0; i < n; ++i) addend_max = std::max(addend_max, static_cast<uint32_t>(magnitude(a[i])));
      p.addend = a;
    }
    const ErrorScale scale = error_scale(batch_norm_backward_max_reference(p.norm), -20, addend_max, -20 + kApart[variant / 3]);
    p.v_shift = scale.acc_shift;
    p.addend_shift = scale.addend_shift;
    return p;
  }
};

struct activate_case {
  static constexpr int kVariants = 2 * 3 * 4 * 5;  // bits of x_hat x ReLU, ReLU6 or s8 x the shortcut x the shift
  static Activate params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    const int shortcut = variant % 4;
    Activate p{};
    p.y = b.input<int16_t>("y", b.size(), -kS16Max, kS16Max);
    p.mult = b.per_channel<int32_t>("mult", 1 << 13, 1 << 14);
    p.offset = b.per_channel<int32_t>("offset", -(1 << 29), 1 << 29);
    // All bits of x_hat, or 8 to 2 of them.
    const int bits = variant / 60 == 0 ? 16 : 8 - variant % 7;
    p.f_shift = b.per_channel<int32_t>("f_shift", bits == 16 ? 0 : 12 - bits, bits == 16 ? 21 : 33 - bits);
    p.f_limit = static_cast<int>(quantize_limit(bits));
    p.f_left = bits == 16 ? 0 : 12 - bits;
    p.x_hat = variant % 3 == 0 ? nullptr : b.output<int8_t>("x_hat", b.size());
    p.gamma = b.per_channel<int8_t>("gamma", -kS8Max, kS8Max);
    p.beta = b.per_channel<int8_t>("beta", -kS8Max, kS8Max);
    if (shortcut % 2 == 1) {
      p.src_signed = shortcut == 3;
      p.src = p.src_signed ? reinterpret_cast<const uint8_t*>(b.input<int8_t>("src", b.size(), -kS8Max, kS8Max))
                           : b.input<uint8_t>("src", b.size(), 0, kU8Max);
      p.src_shift = static_cast<int>(b.rng().range(0, 6));
    }
    if (shortcut == 2) {
      p.x_hat2 = b.input<int8_t>("x_hat2", b.size(), -kS8Max, kS8Max);
      p.gamma2 = b.per_channel<int8_t>("gamma2", -kS8Max, kS8Max);
      p.beta2 = b.per_channel<int8_t>("beta2", -kS8Max, kS8Max);
    }
    p.rows = s.rows;
    p.channels = s.channels;
    const int range = variant / 20 % 3;
    p.shift = 6 + variant / 4 % 5;
    p.top = range == 0 ? kU8Max : range == 1 ? kRelu6Top : kS8Max;
    p.bottom = range == 2 ? -p.top : 0;
    p.dst = b.output<uint8_t>("dst", b.size());
    return p;
  }
};

struct relu_requantize_case {
  static constexpr int kShifts[] = {-70, -40, -8, -1, 0, 1, 9, 24, 31, 33, 70};
  static constexpr int kVariants = 11;
  static ReluRequantize params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    return {b.input<int32_t>("acc", b.size(), -INT32_MAX, INT32_MAX),
            b.per_channel<int32_t>("bias", -INT32_MAX, INT32_MAX),
            s.rows,
            s.channels,
            kShifts[variant],
            b.output<uint8_t>("dst", b.size())};
  }
};

// Scales as error_scale makes them from true maxima.
struct error_stage_case {
  static constexpr int kVariants = 3 * 7;  // no addend, an addend, dst as the addend; exponents apart
  static ErrorStage params(CaseBuilder& b, int variant) {
    constexpr int kApart[] = {0, 1, -3, 14, -20, 40, -70};
    const int addend = variant % 3;
    ErrorStage p{};
    const int64_t n = b.size();
    uint32_t acc_max = 0, addend_max = 0;
    const int64_t limit = (int64_t{1} << b.rng().range(2, 30)) - 1;
    p.acc = b.input<int32_t>("acc", n, -limit, limit);
    for (int64_t i = 0; i < n; ++i) acc_max = std::max(acc_max, static_cast<uint32_t>(magnitude(p.acc[i])));
    p.dst = b.output<int16_t>("dst", n);
    if (addend != 0) {
      int16_t* a = addend == 2 ? p.dst : b.output<int16_t>("addend", n);
      intrain::test::fill(b.rng(), b.shape().fill, a, n, -kS16Max, kS16Max);
      for (int64_t i = 0; i < n; ++i) addend_max = std::max(addend_max, static_cast<uint32_t>(magnitude(a[i])));
      p.addend = a;
    }
    p.scale = error_scale(acc_max, -20, addend_max, -20 + kApart[variant / 3]);
    p.count = n;
    return p;
  }
};

struct max_abs_case {
  static constexpr int kVariants = 1;
  static MaxAbs params(CaseBuilder& b, int) { return {b.input<int32_t>("src", b.size(), -INT32_MAX, INT32_MAX), b.size()}; }
};

struct error_quantize_case {
  static constexpr int kVariants = 2 * 9 * 3 * kErrorPlanes;  // s32 or s16, the shift, to nearest and stochastic, the planes
  static ErrorQuantize params(CaseBuilder& b, int variant) {
    constexpr int kShifts[] = {0, 1, 2, 7, 8, 9, 10, 24, 29};
    const int64_t n = b.size();
    ErrorQuantize p{};
    if (variant % 2 == 0)
      p.src32 = b.input<int32_t>("src32", n, -(1 << 30), 1 << 30);
    else
      p.src16 = b.input<int16_t>("src16", n, -kS16Max, kS16Max);
    p.count = n;
    p.shift = kShifts[variant / 2 % 9];
    p.random = error_random(variant / 18 % 3);
    p.dst = b.output<int8_t>("dst", n);
    p.plane = error_plane(b, variant / 54);
    return p;
  }
};

struct stream_add_case {
  static constexpr int kVariants = 1 + 8;  // a stream, activations of each shift
  static StreamAdd params(CaseBuilder& b, int variant) {
    StreamAdd p{};
    if (variant == 0)
      p.src16 = b.input<int16_t>("src16", b.size(), -kS16Max, kS16Max);
    else
      p.src8 = b.input<uint8_t>("src8", b.size(), 0, kU8Max);
    p.src_shift = variant == 0 ? 0 : variant - 1;
    p.count = b.size();
    p.dst = b.output<int16_t>("dst", b.size());
    intrain::test::fill(b.rng(), b.shape().fill, p.dst, p.count, -kS16Max, kS16Max);
    return p;
  }
};

struct relu_backward_case {
  static constexpr int kVariants = 10;
  static ReluBackward params(CaseBuilder& b, int variant) {
    const NormBackwardSums p = batch_norm_backward_sums_case::params(b, 10 + variant);
    return {p.e, p.align, p.mask, b.size(), p.top};
  }
};

struct MaxPoolCase {
  static constexpr MaxPoolShape kWindows[] = {{0, 0, 0, 3, 2, 1}, {0, 0, 0, 2, 2, 0}, {0, 0, 0, 3, 1, 1}, {0, 0, 0, 2, 3, 1},
                                              {0, 0, 0, 1, 1, 0}, {0, 0, 0, 5, 3, 4}, {0, 0, 0, 15, 4, 7}};
  static constexpr int kVariants = 7;
  // About `rows` pixels, and enough for a window.
  static MaxPoolShape shape(const CaseShape& s, int variant) {
    MaxPoolShape p = kWindows[variant];
    const int rows = static_cast<int>(s.rows), least = std::max(1, p.size - 2 * p.pad);
    p.w = std::max(least, 1 + rows % 11);
    p.h = std::max(least, rows / p.w);
    p.c = s.channels;
    return p;
  }
  static MaxPoolForward params(CaseBuilder& b, int variant) {
    const MaxPoolShape p = shape(b.shape(), variant);
    const int64_t in = int64_t{p.h} * p.w * p.c, out = int64_t{p.oh()} * p.ow() * p.c;
    return {p, b.input<uint8_t>("src", in, 0, kU8Max), b.output<uint8_t>("dst", out), b.output<uint8_t>("index", out)};
  }
};
struct max_pool_case : MaxPoolCase {};
struct max_pool_backward_case : MaxPoolCase {
  static MaxPoolBackward params(CaseBuilder& b, int variant) {
    const MaxPoolForward forward = MaxPoolCase::params(b, variant);
    const MaxPoolShape& p = forward.shape;
    max_pool_reference(forward);
    return {p, b.input<int16_t>("diff_dst", int64_t{p.oh()} * p.ow() * p.c, -kS16Max, kS16Max), forward.index,
            b.output<int32_t>("diff_src", int64_t{p.h} * p.w * p.c)};
  }
};

struct global_average_pool_case {
  static constexpr int kVariants = 3;  // the shift
  static AveragePool params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    const int64_t pixels = std::max<int64_t>(s.rows, 1);
    return {b.input<uint8_t>("src", pixels * s.channels, 0, kU8Max), pixels, s.channels, variant,
            b.output<uint8_t>("dst", s.channels)};
  }
};

struct global_average_pool_backward_case {
  static constexpr int kVariants = 1;
  static AveragePoolBackward params(CaseBuilder& b, int) {
    const CaseShape& s = b.shape();
    const int64_t pixels = std::max<int64_t>(s.rows, 1);
    return {b.input<int16_t>("diff_dst", s.channels, -kS16Max, kS16Max), pixels, s.channels, pool_reciprocal(pixels).r,
            b.output<int16_t>("diff_src", pixels * s.channels)};
  }
};

struct quantize_fixed_case {
  static constexpr int kVariants = 2 * 25;  // each shift; values of its shift, and any
  static QuantizeFixed params(CaseBuilder& b, int variant) {
    const int shift = variant / 2;
    const int64_t limit = variant % 2 == 0 ? (int64_t{1} << (shift + 7)) - 1 : INT32_MAX;
    return {b.input<int32_t>("master", b.size(), -limit, limit), b.size(), shift, b.output<int8_t>("dst", b.size())};
  }
};

struct narrow_s8_case {
  static constexpr int kVariants = 7;  // each width
  static NarrowS8 params(CaseBuilder& b, int variant) {
    return {b.input<int8_t>("data", b.size(), -kS8Max, kS8Max), b.size(), 2 + variant};
  }
};

struct narrow_u8_case {
  static constexpr int kVariants = 7;
  static NarrowU8 params(CaseBuilder& b, int variant) {
    return {b.input<uint8_t>("data", b.size(), 0, kU8Max), b.size(), 2 + variant};
  }
};

struct narrow_s16_case {
  static constexpr int kVariants = 3 * 15;
  static NarrowS16 params(CaseBuilder& b, int variant) {
    return {b.input<int16_t>("data", b.size(), -kS16Max, kS16Max), b.size(), 2 + variant / 3, error_random(variant % 3)};
  }
};

struct l1_norms_case {
  static constexpr int kVariants = 1;
  static L1Norms params(CaseBuilder& b, int) {
    const CaseShape& s = b.shape();
    return {b.input<int8_t>("wei", b.size(), -kS8Max, kS8Max), s.rows, s.channels, b.output<int64_t>("dst", s.rows)};
  }
};

// A tensor of any exponents, with the scale and shift of its true maxima; extreme fillings reach 2^62. The passes leave out elements at
// both ends.
struct SgdCase {
  static constexpr int kVariants = 12;
  static SgdPass params(CaseBuilder& b, int variant) {
    Rng& rng = b.rng();
    const int64_t n = b.size();
    SgdPass p{};
    const auto scalar = [&](int lo, int hi) {
      return Scalar10{static_cast<int32_t>(rng.range(512, 1023)), static_cast<int32_t>(rng.range(lo, hi))};
    };
    // Steps of any size: nothing, within s32, within s64, saturated.
    constexpr int kRateExps[] = {-13, -13, -20, -30, -45, -60, -80, -5, 0, 8, 20, 60};
    p.step = {scalar(kRateExps[variant] - 3, kRateExps[variant] + 3), scalar(-11, -9), scalar(-26, -14), rng.bits(),
              static_cast<uint32_t>(rng.bits())};
    if (variant % 4 == 1) p.step.mom = {};
    if (variant % 4 == 2) p.step.decay = {};
    if (variant == 11) p.step.rate = {};
    if (variant >= 6 && variant % 2 == 0) {
      p.step.momentum_bits = static_cast<int>(rng.range(2, 16));
      p.step.coarse = static_cast<int>(rng.range(0, 20));
    }
    const int width = static_cast<int>(variant % 3 == 0 ? rng.range(1, 62) : rng.range(20, 32));
    const int64_t limit = rng.range(0, 3) == 0 ? int64_t{1} << width : (int64_t{1} << width) - 1;
    p.tensor.grad = b.input<int64_t>("grad", n, -limit, limit);
    p.tensor.momentum = b.input<int16_t>("momentum", n, -kS16Max, kS16Max);
    p.tensor.master = b.input<int32_t>("master", n, -INT32_MAX, INT32_MAX);
    if (variant % 2 == 1)
      for (int64_t i = 0; i < n; ++i) {
        p.tensor.momentum[i] = static_cast<int16_t>(rng.any_width(15));
        p.tensor.master[i] = static_cast<int32_t>(rng.any_width(31));
        if (i % 5 != 0) p.tensor.grad[i] = clamp(rng.any_width(width), -limit, limit);
      }
    p.tensor.count = n;
    p.tensor.grad_bits = static_cast<int>(variant < 8 ? 8 * rng.range(1, 2) : rng.range(2, 16));
    // All three terms alike, or one far above the others.
    p.tensor.grad_exp = static_cast<int>(rng.range(-45, -25) + (variant % 5 == 1 ? rng.range(-80, 80) : 0));
    p.tensor.momentum_exp = static_cast<int>(rng.range(-45, -15) + (variant % 5 == 2 ? rng.range(-80, 80) : 0));
    p.tensor.tensor = static_cast<uint32_t>(rng.bits());
    p.end = n;
    p.scale = sgd_scale(p.tensor, p.step, sgd_grad_max_reference(p));
    p.begin = n > 40 ? 4 * rng.range(0, 5) : 0;
    if (n > 40) p.end -= rng.range(0, 5);
    return p;
  }
};
struct sgd_grad_max_case : SgdCase {};
struct sgd_accumulate_case : SgdCase {};
struct sgd_update_case : SgdCase {
  static SgdPass params(CaseBuilder& b, int variant) {
    SgdPass p = SgdCase::params(b, variant), whole = p;
    whole.begin = 0;
    whole.end = p.tensor.count;
    p.shift = quantize_shift(sgd_accumulate_reference(whole), p.step.momentum_bits);
    return p;
  }
};

// Widths of all sizes that fit each other; gradients up to 2^62, shifts of every term that nothing survives.
struct WageubnCase {
  static constexpr int kVariants = 8;
  static WageubnPass params(CaseBuilder& b, int variant) {
    Rng& rng = b.rng();
    const int64_t n = b.size();
    WageubnPass p{};
    p.weight = variant % 4 != 3;
    const int rate_bits = static_cast<int>(variant % 2 == 0 ? 10 : rng.range(2, 10));
    const int momentum_bits = static_cast<int>(variant % 2 == 0 ? 13 : rng.range(2, std::min(16, 24 - rate_bits)));
    p.step = {{static_cast<int32_t>(rng.range(1, (1 << (rate_bits - 1)) - 1)), 1 - rate_bits},
              {static_cast<int32_t>(rng.range(0, 3)), -2},
              {static_cast<int32_t>(rng.range(512, 1023)), static_cast<int32_t>(rng.range(-26, -14))},
              rng.bits(),
              static_cast<uint32_t>(rng.bits())};
    if (variant % 4 == 1 || !p.weight) p.step.decay = {};
    p.step.momentum_bits = momentum_bits;
    p.step.coarse = static_cast<int>(rng.range(0, 24 - momentum_bits - rate_bits));
    p.step.range_log2 = static_cast<int>(rng.range(1, std::min(15, momentum_bits + 1)));
    const int width = static_cast<int>(variant % 3 == 0 ? rng.range(1, 62) : rng.range(20, 32));
    const int64_t limit = rng.range(0, 3) == 0 ? int64_t{1} << width : (int64_t{1} << width) - 1;
    const int64_t m_most = quantize_limit(momentum_bits), w_most = wageubn_most(p.weight, p.step.coarse);
    p.tensor.grad = b.input<int64_t>("grad", n, -limit, limit);
    p.tensor.momentum = b.input<int16_t>("momentum", n, -m_most, m_most);
    p.tensor.master = b.input<int32_t>("master", n, -w_most, w_most);
    if (variant >= 4)
      for (int64_t i = 0; i < n; ++i)
        if (i % 5 != 0) p.tensor.grad[i] = clamp(rng.any_width(width), -limit, limit);
    p.tensor.count = n;
    // Both terms alike, or one far above the other.
    p.tensor.grad_exp = static_cast<int>(rng.range(-45, -15) + (variant % 5 == 2 ? rng.range(-90, 90) : 0));
    p.tensor.tensor = static_cast<uint32_t>(rng.bits());
    p.end = n;
    uint64_t max = 0;
    for (int64_t i = 0; i < n; ++i) max = std::max(max, magnitude(p.tensor.grad[i]));
    p.exp = wageubn_exp(p.tensor, p.step, max);
    p.begin = n > 40 ? 4 * rng.range(0, 5) : 0;
    if (n > 40) p.end -= rng.range(0, 5);
    return p;
  }
};
struct sgd_wageubn_accumulate_case : WageubnCase {};
struct sgd_wageubn_update_case : WageubnCase {
  static WageubnPass params(CaseBuilder& b, int variant) {
    WageubnPass p = WageubnCase::params(b, variant), whole = p;
    whole.begin = 0;
    whole.end = p.tensor.count;
    p.range = nearest_log2(sgd_wageubn_accumulate_reference(whole));
    return p;
  }
};

}  // namespace intrain::ops::test
