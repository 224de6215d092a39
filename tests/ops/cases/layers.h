// Cases of the kernels of activations, errors, pools and quantizers.
#pragma once

#include "ops/cases/batch_norm.h"
#include "ops/cases/case_builder.h"

namespace intrain::ops::test {

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

}  // namespace intrain::ops::test
