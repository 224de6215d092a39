// Cases of the kernels of convolutions: staging, packing, adding up, depthwise.
#pragma once

#include "ops/cases/case_builder.h"

namespace intrain::ops::test {

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
  static constexpr int kVariants = 8;
  static AddSums params(CaseBuilder& b, int variant) {
    const CaseShape& s = b.shape();
    const int rows = static_cast<int>(s.rows);
    const int64_t lds = s.channels + 3, ldd = s.channels + 9, size = std::max<int64_t>(rows * ldd, 1);
    const bool narrow = variant / 4 == 1;
    const int32_t most = narrow ? 1 << 29 : INT32_MAX;
    return {b.input<int32_t>("sums", std::max<int64_t>(rows * lds, 1), -most, most),
            lds,
            rows,
            s.channels,
            variant % 2 == 0,
            variant / 2 % 2 == 0,
            narrow ? ExactSums(b.output<int32_t>("dst", size, -most, most))
                   : ExactSums(b.output<int64_t>("dst", size, -(int64_t{1} << 50), int64_t{1} << 50)),
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

}  // namespace intrain::ops::test
