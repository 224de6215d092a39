// The scalar convolution and its two backward passes: by hand, and equal to a float64 convolution of the real values, written in
// another way (gathers over an explicitly padded image). Every product and sum of integers times a power of two is exact in
// float64, so the bound is 0.
#include "ops/conv2d/conv2d.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/formats.h"
#include "base/rounding.h"
#include "support/oracle.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;
using Reals = std::vector<double>;

size_t at(int64_t i) { return static_cast<size_t>(i); }

// Value of pixel (y, x), channel c of one image, 0 outside.
double pixel(const Reals& v, int n, int y, int x, int c, int h, int w, int channels) {
  if (y < 0 || y >= h || x < 0 || x >= w) return 0;
  return v[at(((int64_t{n} * h + y) * w + x) * channels + c)];
}

struct FloatConv {
  ConvShape s;
  int images;
  double weight(const Reals& w, int k, int kh, int kw, int c) const {
    return w[at(((int64_t{k} * s.kh + kh) * s.kw + kw) * s.group_c() + c)];
  }

  Reals forward(const Reals& x, const Reals& w) const {
    Reals y;
    for (int n = 0; n < images; ++n)
      for (int oh = 0; oh < s.oh(); ++oh)
        for (int ow = 0; ow < s.ow(); ++ow)
          for (int k = 0; k < s.k; ++k) {
            double sum = 0;
            for (int kh = 0; kh < s.kh; ++kh)
              for (int kw = 0; kw < s.kw; ++kw)
                for (int c = 0; c < s.group_c(); ++c)
                  sum += weight(w, k, kh, kw, c) * pixel(x, n, oh * s.stride - s.pad_h() + kh, ow * s.stride - s.pad + kw,
                                                         k / s.group_k() * s.group_c() + c, s.h, s.w, s.c);
            y.push_back(sum);
          }
    return y;
  }
  // d/dx by gathering: the outputs that saw pixel (h, w) are those with oh * stride = h + pad - kh.
  Reals backward_data(const Reals& dy, const Reals& w) const {
    Reals dx;
    for (int n = 0; n < images; ++n)
      for (int h = 0; h < s.h; ++h)
        for (int x = 0; x < s.w; ++x)
          for (int c = 0; c < s.c; ++c) {
            double sum = 0;
            const int group = c / s.group_c();
            for (int kh = 0; kh < s.kh; ++kh)
              for (int kw = 0; kw < s.kw; ++kw) {
                const int y = h + s.pad_h() - kh, z = x + s.pad - kw;
                if (y < 0 || z < 0 || y % s.stride != 0 || z % s.stride != 0) continue;
                for (int k = group * s.group_k(); k < (group + 1) * s.group_k(); ++k)
                  sum += weight(w, k, kh, kw, c % s.group_c()) * pixel(dy, n, y / s.stride, z / s.stride, k, s.oh(), s.ow(), s.k);
              }
            dx.push_back(sum);
          }
    return dx;
  }
  Reals backward_weights(const Reals& x, const Reals& dy) const {
    Reals dw;
    for (int k = 0; k < s.k; ++k)
      for (int kh = 0; kh < s.kh; ++kh)
        for (int kw = 0; kw < s.kw; ++kw)
          for (int c = 0; c < s.group_c(); ++c) {
            double sum = 0;
            for (int n = 0; n < images; ++n)
              for (int oh = 0; oh < s.oh(); ++oh)
                for (int ow = 0; ow < s.ow(); ++ow)
                  sum += pixel(dy, n, oh, ow, k, s.oh(), s.ow(), s.k) * pixel(x, n, oh * s.stride - s.pad_h() + kh,
                                                                              ow * s.stride - s.pad + kw,
                                                                              k / s.group_k() * s.group_c() + c, s.h, s.w, s.c);
            dw.push_back(sum);
          }
    return dw;
  }
};

// 3x3 image, 2x2 kernel, stride 1, no padding:
//   1 2 3     1 -1      y = 1-2+0+10 = 9, 2-3+0+12 = 11
//   4 5 6     0  2          4-5+0+16 = 15, 5-6+0+18 = 17
//   7 8 9
// dy = [1 0; 0 -1]: dx = dy(0,0) w at (0,0), - w at (1,1):
//   1 -1  0      dw = x(0..1, 0..1) - x(1..2, 1..2) = [1-5 2-6; 4-8 5-9] = all -4
//   0  2-1  1
//   0  0 -2
TEST(Conv2d, ByHand) {
  const ConvShape s{3, 3, 1, 1, 2, 2, 1, 0, 1, false};
  const uint8_t x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const int8_t w[] = {1, -1, 0, 2}, dy[] = {1, 0, 0, -1};
  int32_t y[4], dx[9];
  int64_t dw[4] = {100, 0, 0, 0};
  conv2d_forward_reference(s, 1, x, w, y);
  EXPECT_EQ(std::vector<int32_t>(y, y + 4), (std::vector<int32_t>{9, 11, 15, 17}));
  conv2d_backward_data_reference(s, 1, dy, w, dx);
  EXPECT_EQ(std::vector<int32_t>(dx, dx + 9), (std::vector<int32_t>{1, -1, 0, 0, 1, 1, 0, 0, -2}));
  conv2d_backward_weights_reference(s, 1, x, dy, dw);
  EXPECT_EQ(std::vector<int64_t>(dw, dw + 4), (std::vector<int64_t>{96, -4, -4, -4}));  // it adds
}

// Stride 2 and padding 1 on 2x2: one output, (2 + 2 - 3) / 2 + 1, whose window sees the image through w(1..2, 1..2).
//   x = 1 2   w = 1 2 3    y = 5*1 + 6*2 + 8*3 + 9*4 = 77
//       3 4       4 5 6
//                 7 8 9
TEST(Conv2d, PaddingByHand) {
  const ConvShape s{2, 2, 1, 1, 3, 3, 2, 1, 1, true};
  const int8_t x[] = {1, 2, 3, 4}, w[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  int32_t y[1];
  ASSERT_EQ(s.oh(), 1);
  conv2d_forward_reference(s, 1, x, w, y);
  EXPECT_EQ(y[0], 77);
}

template <class T>
void expect_equal(const T* got, const Reals& expected, int exponent, const char* what) {
  for (size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(std::ldexp(static_cast<double>(got[i]), exponent), expected[i]) << what << " " << i;
}

template <class Src>
void check_float(const ConvShape& s, int images, Fill fill, uint64_t seed) {
  SCOPED_TRACE(testing::Message() << "h " << s.h << " w " << s.w << " c " << s.c << " k " << s.k << " kernel " << s.kh << "x"
                                  << s.kw << " stride " << s.stride << " pad " << s.pad << " groups " << s.groups << " seed "
                                  << seed);
  constexpr int kXExp = -5, kWExp = -9, kEExp = -21;
  Rng rng(seed);
  const auto x =
      random_vector<Src>(rng, fill, images * s.src_pixels() * s.c, s.signed_src ? -kS8Max : 0, s.signed_src ? kS8Max : kU8Max);
  const auto w = random_vector<int8_t>(rng, fill, s.weights(), -kS8Max, kS8Max);
  const auto dy = random_vector<int8_t>(rng, fill, images * s.dst_pixels() * s.k, -kS8Max, kS8Max);
  const Reals rx = intrain::test::to_real(x, kXExp), rw = intrain::test::to_real(w, kWExp),
              rdy = intrain::test::to_real(dy, kEExp);
  const FloatConv real{s, images};

  std::vector<int32_t> y(dy.size()), dx(x.size());
  std::vector<int64_t> dw(w.size());
  conv2d_forward_reference(s, images, x.data(), w.data(), y.data());
  expect_equal(y.data(), real.forward(rx, rw), kXExp + kWExp, "forward");
  conv2d_backward_data_reference(s, images, dy.data(), w.data(), dx.data());
  expect_equal(dx.data(), real.backward_data(rdy, rw), kEExp + kWExp, "backward data");
  conv2d_backward_weights_reference(s, images, x.data(), dy.data(), dw.data());
  expect_equal(dw.data(), real.backward_weights(rx, rdy), kXExp + kEExp, "backward weights");
}

TEST(Conv2d, IsFloat64) {
  Rng rng(1);
  const auto pick = [&](std::initializer_list<int> from) {
    return from.begin()[rng.range(0, static_cast<int64_t>(from.size()) - 1)];
  };
  int done = 0;
  for (uint64_t seed = 1; done < 200; ++seed) {
    ConvShape s{};
    s.groups = pick({1, 1, 2, 3});
    s.c = s.groups * pick({1, 2, 5});
    s.k = s.groups * pick({1, 2, 4});
    s.h = static_cast<int>(rng.range(1, 9));
    s.w = static_cast<int>(rng.range(1, 9));
    s.kh = pick({1, 2, 3, 5, 7});
    s.kw = pick({1, 2, 3, 5, 7});
    s.stride = static_cast<int>(rng.range(1, 3));
    s.pad = static_cast<int>(rng.range(0, 3));
    s.signed_src = seed % 2 == 0;
    if (s.h + 2 * s.pad_h() < s.kh || s.w + 2 * s.pad < s.kw) continue;
    const Fill fill = intrain::test::kAllFills[done % 5];
    if (s.signed_src)
      check_float<int8_t>(s, 2, fill, seed);
    else
      check_float<uint8_t>(s, 2, fill, seed);
    if (HasFatalFailure()) return;
    ++done;
  }
}

// A signal is an image of one row, a kernel of one row sees no rows of padding, and one of two rows one above and below:
//   x = 1 2 3, w = 1 -1 2, pad 1: y = -1 + 4, 1 - 2 + 6, 2 - 3;  dy = 1 0 1: dx = -1, 2 + 1, -1; dw = 0 + 2, 1 + 3, 2 + 0
TEST(Conv2d, OfOneRowByHand) {
  const ConvShape s{1, 3, 1, 1, 1, 3, 1, 1, 1, false};
  EXPECT_EQ(s.oh(), 1);
  EXPECT_EQ(s.ow(), 3);
  const uint8_t x[] = {1, 2, 3};
  const int8_t w[] = {1, -1, 2}, dy[] = {1, 0, 1};
  int32_t y[3], dx[3];
  int64_t dw[3] = {};
  conv2d_forward_reference(s, 1, x, w, y);
  conv2d_backward_data_reference(s, 1, dy, w, dx);
  conv2d_backward_weights_reference(s, 1, x, dy, dw);
  EXPECT_EQ(std::vector<int32_t>(y, y + 3), (std::vector<int32_t>{3, 5, -1}));
  EXPECT_EQ(std::vector<int32_t>(dx, dx + 3), (std::vector<int32_t>{-1, 3, -1}));
  EXPECT_EQ(std::vector<int64_t>(dw, dw + 3), (std::vector<int64_t>{2, 4, 2}));
  EXPECT_EQ((ConvShape{4, 9, 1, 1, 2, 5, 1, 2, 1, false}.pad_h()), 1);
  EXPECT_EQ((ConvShape{4, 9, 1, 1, 5, 5, 1, 2, 1, false}.pad_h()), 2);
}

// The longest reductions, all of one sign: s32 holds them.
TEST(Conv2d, LongestReductions) {
  const int longest = static_cast<int>(kMaxReduction);
  for (Fill fill : {Fill::kHigh, Fill::kLow}) {
    check_float<uint8_t>({1, 1, longest, 1, 1, 1, 1, 0, 1, false}, 1, fill, 1);
    check_float<uint8_t>({1, 1, 1, longest, 1, 1, 1, 0, 1, false}, 1, fill, 2);
    check_float<uint8_t>({300, 300, 1, 1, 1, 1, 1, 0, 1, false}, 2, fill, 3);  // the weight gradient passes s32: 180,000 products
  }
}

// The shift is the smallest with which the bound itself is staged without saturation.
TEST(Staging, NeverSaturatesAndWastesNothing) {
  for (int64_t amax : {int64_t{kU8Max}, int64_t{kS8Max}})
    for (int64_t l1 = 0; l1 <= kMaxReduction * kS8Max; l1 += l1 < 2000 ? 1 : 37) {
      const int64_t bound = amax * l1;
      const int s = staging_shift(amax, l1);
      ASSERT_GE(s, 0);
      ASSERT_LE(s, 17);
      ASSERT_LE(rshift_round(bound, s), kS16Max) << l1;
      ASSERT_GE(rshift_round(-bound, s), -kS16Max) << l1;
      if (s > 0) {
        ASSERT_GT(rshift_round(bound, s - 1), kS16Max) << l1;
      }
    }
  // By hand: 255 * 257 = 65535 < 2^16 gives shift 1 by its length; 65535 / 2 = 32767.5 rounds to 32768: one more.
  EXPECT_EQ(staging_shift(255, 257), 2);
  EXPECT_EQ(staging_shift(255, 128), 0);  // 32640
  EXPECT_EQ(staging_shift(255, 256), 1);  // 65280 / 2 = 32640
}

TEST(Staging, HalfAStep) {
  Rng rng(2);
  const int channels = 18;
  std::vector<int32_t> shift(channels), acc(channels * 400);
  for (int c = 0; c < channels; ++c) shift[at(c)] = c;
  for (size_t i = 0; i < acc.size(); ++i) {
    const int64_t limit = std::min((int64_t{1} << 31) - (int64_t{1} << 17) - 1, int64_t{kS16Max} << shift[i % channels]);
    acc[i] = static_cast<int32_t>(i % 5 == 0 ? clamp(rng.range(-9, 9) << shift[i % channels] >> 1, -limit, limit)
                                             : rng.range(-limit, limit));
  }
  std::vector<int16_t> dst(acc.size());
  stage_s16_reference({acc.data(), channels, 400, channels, shift.data(), dst.data(), channels});
  for (size_t i = 0; i < acc.size(); ++i)
    ASSERT_EQ(dst[i], std::nearbyint(std::ldexp(acc[i], -shift[i % channels]))) << acc[i] << " >> " << shift[i % channels];
}

}  // namespace
}  // namespace intrain::ops
