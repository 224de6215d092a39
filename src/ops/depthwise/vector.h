// The vector form of depthwise.h over an ISA's vector, Lanes (lanes_<isa>.h): down the pixels with the weights, or the sums of a
// gradient, of a vector's channels in registers. Two taps, or two pixels, are one multiply-add: bytes widened to s16 and interleaved.
#pragma once

#include "base/formats.h"
#include "ops/depthwise/depthwise.h"
#include "ops/vectors.h"

namespace intrain::ops {

static_assert(9 * kU8Max * kS8Max < 1 << 19);

// Calls body(part, first, done) for vectors of channels. What is left after whole vectors is a whole one that begins earlier; its first
// `done` channels have been seen.
template <class Lanes, class Body>
[[gnu::always_inline]] static inline void for_each_channels(int channels, const Body& body) {
  constexpr int kCount = 2 * Lanes::kLanes;
  if (channels < kCount) return body(Part<Lanes, false>{channels}, 0, 0);
  int c = 0;
  for (; c + kCount <= channels; c += kCount) body(Part<Lanes, true>{kCount}, c, 0);
  if (c < channels) body(Part<Lanes, true>{kCount}, channels - kCount, kCount - (channels - c));
}

template <bool kSigned, class Channels>
[[gnu::always_inline]] static inline auto load_source(const Channels& part, const uint8_t* p) {
  if constexpr (kSigned)
    return part.load_s8(reinterpret_cast<const int8_t*>(p));
  else
    return part.load_u8(p);
}

// Output columns [begin, end) whose taps all lie inside a row of w pixels, of `cols`.
struct Inside {
  int begin, end;
  [[gnu::always_inline]] inline Inside(int origin, int taps, int stride, int w, int cols) {
    begin = origin < 0 ? (-origin + stride - 1) / stride : 0;
    end = w - taps - origin >= 0 ? (w - taps - origin) / stride + 1 : 0;
    if (end > cols) end = cols;
    if (begin > end) begin = end;
  }
};

alignas(64) static constexpr uint8_t kZeroPixel[64] = {};

template <class Lanes, int kTapsH, int kTapsW, bool kSigned>
[[gnu::always_inline]] static inline void depthwise_conv_as(const DepthwiseConv& p) {
  using Register = typename Lanes::Register;
  constexpr int kTaps = kTapsH * kTapsW, kPairs = (kTaps + 1) / 2;
  const Inside inside(p.origin_w, kTapsW, p.stride, p.w, p.cols);
  for_each_channels<Lanes>(
      p.channels, [&](const auto& part, int c, int) __attribute__((always_inline)) {
        Register low_weights[kPairs], high_weights[kPairs], shift[2] = {Lanes::zero(), Lanes::zero()};
#pragma GCC unroll 5
        for (int i = 0; i < kPairs; ++i) {
          const int8_t* w = p.wei + int64_t{2 * i} * p.channels + c;
          const Register a = part.load_s8(w), b = 2 * i + 1 < kTaps ? part.load_s8(w + p.channels) : Lanes::zero();
          low_weights[i] = Lanes::interleave_low(a, b);
          high_weights[i] = Lanes::interleave_high(a, b);
        }
        if (p.dst32 == nullptr) part.load_halves(p.shift + c, &shift[0], &shift[1]);
        const Register least = Lanes::set16(-kS16Max);
        const RoundEach32<Lanes> low_round(shift[0]), high_round(shift[1]);
        const uint8_t* const src = static_cast<const uint8_t*>(p.src) + c;
        const int64_t pixel = p.channels, row = p.w * pixel;
        // tap(i, j): where the source of that tap begins.
        const auto put = [&](int64_t at, const auto& tap) __attribute__((always_inline)) {
          Register low = Lanes::zero(), high = Lanes::zero();
#pragma GCC unroll 5
          for (int i = 0; i < kPairs; ++i) {
            const Register a = load_source<kSigned>(part, tap(2 * i / kTapsW, 2 * i % kTapsW));
            const Register b =
                2 * i + 1 < kTaps ? load_source<kSigned>(part, tap((2 * i + 1) / kTapsW, (2 * i + 1) % kTapsW)) : Lanes::zero();
            low = Lanes::dot(low, Lanes::interleave_low(a, b), low_weights[i]);
            high = Lanes::dot(high, Lanes::interleave_high(a, b), high_weights[i]);
          }
          if (p.dst32 != nullptr)
            part.store32(p.dst32 + at, Lanes::first_of(low, high), Lanes::second_of(low, high));
          else
            part.store16(p.dst16 + at, Lanes::max16(Lanes::pack(low_round(low), high_round(high)), least));
        };
        for (int y = 0; y < p.rows; ++y) {
          const uint8_t* rows[kTapsH];
          int64_t step[kTapsH];  // 0 where the row is outside
          for (int i = 0; i < kTapsH; ++i) {
            const int from = (p.first + y) * p.stride + p.origin_h + i;
            const bool there = from >= 0 && from < p.h;
            rows[i] = there ? src + from * row : kZeroPixel;
            step[i] = there ? pixel : 0;
          }
          int64_t at = y * p.row_step + c;
          const auto border = [&](int begin, int end) __attribute__((always_inline)) {
            for (int x = begin; x < end; ++x, at += p.pixel_step)
              put(
                  at, [&](int i, int j) __attribute__((always_inline)) {
                    const int from = x * p.stride + p.origin_w + j;
                    return from >= 0 && from < p.w ? rows[i] + from * step[i] : kZeroPixel;
                  });
          };
          border(0, inside.begin);
          for (int x = inside.begin; x < inside.end; ++x, at += p.pixel_step) {
            const int64_t from = x * p.stride + p.origin_w;
            put(
                at, [&](int i, int j) __attribute__((always_inline)) { return rows[i] + (from + j) * step[i]; });
          }
          border(inside.end, p.cols);
        }
      });
}

template <class Lanes, bool kSigned>
[[gnu::always_inline]] static inline void depthwise_conv_from(const DepthwiseConv& p) {
  if (p.taps_h == 3) return depthwise_conv_as<Lanes, 3, 3, kSigned>(p);
  if (p.taps_h == 2)
    return p.taps_w == 2 ? depthwise_conv_as<Lanes, 2, 2, kSigned>(p) : depthwise_conv_as<Lanes, 2, 1, kSigned>(p);
  return p.taps_w == 2 ? depthwise_conv_as<Lanes, 1, 2, kSigned>(p) : depthwise_conv_as<Lanes, 1, 1, kSigned>(p);
}
template <class Lanes>
[[gnu::always_inline]] static inline void depthwise_conv_vector(const DepthwiseConv& p) {
  return p.signed_src ? depthwise_conv_from<Lanes, true>(p) : depthwise_conv_from<Lanes, false>(p);
}

// Row of taps after row of taps, whose six sums stay in registers: pixels x and x + 1 are one multiply-add.
template <class Lanes, int kStride, bool kSigned>
[[gnu::always_inline]] static inline void depthwise_weights_as(const DepthwiseWeights& p) {
  using Register = typename Lanes::Register;
  constexpr int kCount = 2 * Lanes::kLanes;
  const Inside inside(-p.pad, 3, kStride, p.w, p.cols);
  const int64_t pixel = p.channels;
  for_each_channels<Lanes>(
      p.channels, [&](const auto& part, int c, int done) __attribute__((always_inline)) {
        for (int i = 0; i < 3; ++i) {
          Register low[3], high[3];
          for (int j = 0; j < 3; ++j) low[j] = high[j] = Lanes::zero();
          for (int y = p.first; y < p.first + p.rows; ++y) {
            const int from = y * kStride - p.pad + i;
            if (from < 0 || from >= p.h) continue;
            const uint8_t* src = static_cast<const uint8_t*>(p.src) + from * p.w * pixel + c;
            const int8_t* diff = p.diff_dst + y * p.cols * pixel + c;
            // tap(j, second): where the source of tap j of either pixel begins.
            const auto add = [&](Register first, Register second, const auto& tap) __attribute__((always_inline)) {
              const Register low_diff = Lanes::interleave_low(first, second), high_diff = Lanes::interleave_high(first, second);
#pragma GCC unroll 3
              for (int j = 0; j < 3; ++j) {
                const Register a = load_source<kSigned>(part, tap(j, 0)), b = load_source<kSigned>(part, tap(j, 1));
                low[j] = Lanes::dot(low[j], Lanes::interleave_low(a, b), low_diff);
                high[j] = Lanes::dot(high[j], Lanes::interleave_high(a, b), high_diff);
              }
            };
            int x = 0;
            const auto border = [&]() __attribute__((always_inline)) {
              const bool two = x + 1 < p.cols;
              add(
                  part.load_s8(diff + x * pixel), two ? part.load_s8(diff + (x + 1) * pixel) : Lanes::zero(),
                  [&](int j, int second) __attribute__((always_inline)) {
                    const int at = (x + second) * kStride - p.pad + j;
                    return at >= 0 && at < p.w ? src + at * pixel : kZeroPixel;
                  });
            };
            for (; x < inside.begin; x += 2) border();
            for (; x + 1 < inside.end; x += 2) {
              const uint8_t* const at = src + (x * kStride - p.pad) * pixel;
              add(
                  part.load_s8(diff + x * pixel),
                  part.load_s8(diff + (x + 1) * pixel), [&](int j, int second) __attribute__((always_inline)) {
                    return at + (j + second * kStride) * pixel;
                  });
            }
            for (; x < p.cols; x += 2) border();
          }
          for (int j = 0; j < 3; ++j) {
            alignas(64) int32_t sums[kCount];
            Lanes::store(sums, Lanes::first_of(low[j], high[j]));
            Lanes::store(sums + Lanes::kLanes, Lanes::second_of(low[j], high[j]));
            int64_t* dst = p.diff_wei + (3 * i + j) * pixel + c;
            for (int k = done; k < part.count; ++k) dst[k] += sums[k];
          }
        }
      });
}

template <class Lanes>
[[gnu::always_inline]] static inline void depthwise_weights_vector(const DepthwiseWeights& p) {
  if (p.stride == 1) return p.signed_src ? depthwise_weights_as<Lanes, 1, true>(p) : depthwise_weights_as<Lanes, 1, false>(p);
  return p.signed_src ? depthwise_weights_as<Lanes, 2, true>(p) : depthwise_weights_as<Lanes, 2, false>(p);
}

}  // namespace intrain::ops
