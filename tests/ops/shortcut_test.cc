#include "ops/shortcut/shortcut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/formats.h"
#include "support/rng.h"

namespace intrain::ops {
namespace {

using intrain::test::Fill;
using intrain::test::random_vector;
using intrain::test::Rng;

// 3 x 2 pixels of 2 channels, stride 2: the first column of rows 0 and 2; 1 zero before, 2 behind.
TEST(PadShortcut, ByHand) {
  const PadShortcutShape p{3, 2, 2, 5, 2, 1};
  ASSERT_EQ(p.oh(), 2);
  ASSERT_EQ(p.ow(), 1);
  const uint8_t src[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 11, 12};
  std::vector<uint8_t> dst(10, 77);
  pad_shortcut(p, src, dst.data());
  EXPECT_EQ(dst, (std::vector<uint8_t>{0, 1, 2, 0, 0, 0, 9, 255, 0, 0}));
  const int16_t dy[] = {100, -3, 4, 200, 300, 400, 5, -32767, 500, 600};
  std::vector<int32_t> dx(12, 77);
  EXPECT_EQ(pad_shortcut_backward(p, dy, dx.data()), 32767u);
  EXPECT_EQ(dx, (std::vector<int32_t>{-3, 4, 0, 0, 0, 0, 0, 0, 5, -32767, 0, 0}));
  // What the zeros would get counts for nothing.
  const int16_t zeros_only[] = {100, 0, 0, 200, 300, 400, 0, 0, 500, 600};
  EXPECT_EQ(pad_shortcut_backward(p, zeros_only, dx.data()), 0u);
}

// The backward pass is the transpose: <dy, f(x)> = <f'(dy), x>, over shapes whose last pixel is kept, or not.
TEST(PadShortcut, TheWayBackIsTheTranspose) {
  Rng rng(1);
  for (const PadShortcutShape& p : {PadShortcutShape{8, 8, 16, 32, 2, 8},
                                    {7, 5, 3, 3, 2, 0},
                                    {4, 9, 5, 6, 1, 1},
                                    {5, 5, 1, 7, 3, 6},
                                    {1, 1, 4, 9, 15, 0},
                                    {6, 6, 2, 2, 1, 0}}) {
    const int64_t in = int64_t{p.h} * p.w * p.c, out = int64_t{p.oh()} * p.ow() * p.k;
    const auto x = random_vector<uint8_t>(rng, Fill::kUniform, in, 0, kU8Max);
    const auto dy = random_vector<int16_t>(rng, Fill::kUniform, out, -kS16Max, kS16Max);
    std::vector<uint8_t> y(static_cast<size_t>(out), 99);
    std::vector<int32_t> dx(static_cast<size_t>(in), 99);
    pad_shortcut(p, x.data(), y.data());
    const uint32_t max = pad_shortcut_backward(p, dy.data(), dx.data());
    int64_t forward = 0, backward = 0, largest = 0, sum_x = 0, sum_y = 0;
    for (size_t i = 0; i < y.size(); ++i) forward += int64_t{dy[i]} * y[i], sum_y += y[i];
    for (size_t i = 0; i < x.size(); ++i) {
      backward += int64_t{dx[i]} * x[i];
      largest = std::max<int64_t>(largest, std::abs(dx[i]));
      const auto pixel = static_cast<int>(i) / p.c;
      if (pixel / p.w % p.stride == 0 && pixel % p.w % p.stride == 0) sum_x += x[i];
    }
    EXPECT_EQ(forward, backward);
    EXPECT_EQ(sum_x, sum_y);  // all of the kept pixels, and nothing else
    EXPECT_EQ(max, largest);
  }
}

}  // namespace
}  // namespace intrain::ops
