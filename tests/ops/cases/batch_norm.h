// Cases of the kernels of batch norm.
#pragma once

#include "ops/cases/case_builder.h"

namespace intrain::ops::test {

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

}  // namespace intrain::ops::test
