// Conv2d, the lowered and threaded convolution, returns the bits of the scalar reference: every instruction set and kind of tile, 1 to 3
// threads, awkward shapes, extreme values, with guard bytes round all that it writes.
#include "ops/conv2d/conv2d_op.h"

#include <gtest/gtest.h>

#include "ops/conv2d_problem.h"
#include "ops/kernels.h"
#include "support/tiles.h"

namespace intrain::ops::test {
namespace {

void check(const Problem& p, const Kernels& kernels, std::initializer_list<int> thread_counts) {
  for (int threads : thread_counts) ASSERT_EQ(run(p, kernels, threads), "") << p.text() << ", " << threads << " threads";
}

class Conv2dEquality : public intrain::test::TableTest {};
INTRAIN_FOR_ALL_TABLES(Conv2dEquality);

TEST_P(Conv2dEquality, ShapesOfResidualNets) {
  const Kernels& kernels = this->kernels();
  uint64_t seed = 1;
  for (const ConvShape& s : {ConvShape{16, 16, 3, 16, 3, 3, 1, 1, 1, true}, ConvShape{16, 16, 16, 16, 3, 3, 1, 1, 1, false},
                             ConvShape{16, 16, 16, 32, 3, 3, 2, 1, 1, false}, ConvShape{16, 16, 16, 32, 1, 1, 2, 0, 1, false},
                             ConvShape{8, 8, 64, 64, 3, 3, 1, 1, 1, false}, ConvShape{1, 1, 64, 10, 1, 1, 1, 0, 1, false},
                             ConvShape{28, 28, 1, 16, 3, 3, 1, 1, 1, true}, ConvShape{32, 32, 3, 8, 7, 7, 2, 3, 1, true}}) {
    check(Problem(s, 3, Fill::kUniform, seed++), kernels, {1, 3});
    check(Problem(s, 2, Fill::kHigh, seed++), kernels, {2});
    if (HasFatalFailure()) return;
  }
}

// Images of one row.
TEST_P(Conv2dEquality, ShapesOfSignalNets) {
  const Kernels& kernels = this->kernels();
  uint64_t seed = 1;
  for (const ConvShape& s : {ConvShape{1, 128, 6, 16, 1, 9, 2, 4, 1, true}, ConvShape{1, 64, 16, 32, 1, 5, 1, 2, 1, false},
                             ConvShape{1, 50, 24, 24, 1, 3, 1, 1, 24, false}, ConvShape{1, 33, 20, 12, 1, 1, 3, 0, 1, false},
                             ConvShape{1, 40, 1, 8, 1, 15, 3, 14, 1, true}}) {
    check(Problem(s, 3, Fill::kUniform, seed++), kernels, {1, 3});
    check(Problem(s, 2, Fill::kHigh, seed++), kernels, {2});
    if (HasFatalFailure()) return;
  }
}

TEST_P(Conv2dEquality, AwkwardShapes) {
  const Kernels& kernels = this->kernels();
  Rng rng(20240607);
  const auto pick = [&](std::initializer_list<int> from) {
    return from.begin()[rng.range(0, static_cast<int64_t>(from.size()) - 1)];
  };
  int done = 0;
  for (uint64_t seed = 1; done < 250; ++seed) {
    ConvShape s{};
    s.h = static_cast<int>(rng.range(1, 17));
    s.w = static_cast<int>(rng.range(1, 17));
    s.c = pick({1, 3, 5, 16, 20, 64});
    s.k = pick({1, 3, 5, 10, 16, 17, 33, 48, 64, 70});
    s.kh = pick({1, 2, 3, 5, 7});
    s.kw = pick({1, 2, 3, 5, 7});
    s.stride = static_cast<int>(rng.range(1, 3));
    s.pad = static_cast<int>(rng.range(0, 3));
    s.groups = pick({1, 1, 2, s.c});
    s.signed_src = rng.range(0, 2) == 0;
    if (s.c % s.groups != 0) s.groups = 1;
    if (s.k % s.groups != 0) s.k = s.groups * pick({1, 2, 3});
    if (s.h + 2 * s.pad_h() < s.kh || s.w + 2 * s.pad < s.kw) continue;
    const int images = static_cast<int>(rng.range(1, 4));
    if (images * s.dst_pixels() * s.k * s.fan_in() > 300000) continue;
    const Fill fill = intrain::test::kAllFills[rng.range(0, 4)];
    check(Problem(s, images, fill, seed), kernels, {1 + done % 3});
    if (HasFatalFailure()) return;
    ++done;
  }
}

// Images of several strips in every pass, with a shorter last one; several groups of images in backward weights.
TEST_P(Conv2dEquality, ManyStrips) {
  const Kernels& kernels = this->kernels();
  uint64_t seed = 100;
  for (const ConvShape& s : {ConvShape{33, 31, 8, 40, 3, 3, 1, 1, 1, false}, ConvShape{31, 34, 40, 12, 3, 3, 2, 1, 1, false},
                             ConvShape{62, 62, 3, 18, 7, 7, 2, 3, 1, true}, ConvShape{31, 33, 40, 50, 1, 1, 1, 0, 1, false},
                             ConvShape{45, 31, 40, 36, 1, 1, 2, 0, 1, false}}) {
    check(Problem(s, 4, Fill::kUniform, seed++), kernels, {2});
    check(Problem(s, 1, Fill::kHigh, seed++), kernels, {3});
    if (HasFatalFailure()) return;
  }
}

// Weight gradients: rows that are no multiple of a step, strides, images, with threads that have sums of their own or share a group.
TEST_P(Conv2dEquality, SmallMapsOfManyImages) {
  const Kernels& kernels = this->kernels();
  uint64_t seed = 200;
  for (const ConvShape& s : {ConvShape{14, 14, 20, 24, 3, 3, 1, 1, 1, false}, ConvShape{14, 14, 20, 24, 3, 3, 1, 1, 1, true},
                             ConvShape{27, 28, 24, 20, 3, 3, 2, 1, 1, false}, ConvShape{7, 7, 32, 64, 3, 3, 1, 1, 1, false},
                             ConvShape{14, 14, 36, 20, 1, 1, 2, 0, 1, false}, ConvShape{6, 10, 32, 32, 5, 5, 1, 2, 2, false},
                             ConvShape{40, 40, 3, 20, 7, 7, 2, 3, 1, true}, ConvShape{24, 24, 5, 20, 3, 3, 1, 1, 1, false}}) {
    check(Problem(s, 13, Fill::kUniform, seed++), kernels, {2});
    check(Problem(s, 12, Fill::kHigh, seed++), kernels, {3});
    if (HasFatalFailure()) return;
  }
}

// 3x3 of each channel: strides, paddings, maps of one pixel, channels of less than a vector, of vectors, and with a rest.
TEST_P(Conv2dEquality, Depthwise) {
  const Kernels& kernels = this->kernels();
  uint64_t seed = 300;
  for (int c : {2, 16, 24, 32, 48, 96, 144})
    for (const auto& [h, w] : {std::pair{1, 1}, {2, 3}, {7, 7}, {14, 13}, {31, 30}})
      for (int stride : {1, 2, 3})
        for (int pad : {0, 1, 2, 3}) {
          if (std::min(h, w) + 2 * pad < 3 || h * w * c > 40000) continue;
          const bool is_signed = seed % 3 == 0;
          const Fill fill = intrain::test::kAllFills[seed % 5];
          check(Problem({h, w, c, c, 3, 3, stride, pad, c, is_signed}, 1 + static_cast<int>(seed % 5), fill, seed), kernels,
                {1 + static_cast<int>(seed % 3)});
          ++seed;
          if (HasFatalFailure()) return;
        }
  check(Problem({56, 61, 36, 36, 3, 3, 1, 1, 36, false}, 7, Fill::kUniform, seed), kernels, {2});  // several strips
  check(Problem({57, 60, 36, 36, 3, 3, 2, 1, 36, false}, 1, Fill::kHigh, seed), kernels, {3});
  check(Problem({262, 251, 2, 2, 3, 3, 1, 1, 2, false}, 1, Fill::kHigh, seed), kernels, {2});  // as many pixels as there may be
}

// Sums at the bounds of formats.h, all of one sign.
TEST_P(Conv2dEquality, LongestReductions) {
  const Kernels& kernels = this->kernels();
  const int longest = static_cast<int>(kMaxReduction);
  for (Fill fill : {Fill::kHigh, Fill::kLow})
    for (bool is_signed : {false, true}) {
      check(Problem({1, 1, longest, 3, 1, 1, 1, 0, 1, is_signed}, 2, fill, 1), kernels, {1, 2});  // forward
      check(Problem({1, 1, 3, longest, 1, 1, 1, 0, 1, is_signed}, 2, fill, 2), kernels, {1, 2});  // backward data
      // Backward weights: more pixels than one round of s32 sums may hold, and images that leave a round unfilled.
      check(Problem({256, 250, 1, 2, 1, 1, 1, 0, 1, is_signed}, 3, fill, 3), kernels, {1, 2});
      check(Problem({100, 110, 2, 1, 1, 1, 1, 0, 1, is_signed}, 7, fill, 4), kernels, {3});
      check(Problem({262, 251, 1, 1, 3, 3, 1, 1, 1, is_signed}, 1, fill, 5, false), kernels, {2});  // rows padded to more pixels
      check(Problem({260, 251, 16, 1, 1, 3, 1, 1, 1, is_signed}, 1, fill, 6, false), kernels, {2});
      if (HasFatalFailure()) return;
    }
}

TEST_P(Conv2dEquality, WithoutBackwardData) {
  const Kernels& kernels = this->kernels();
  check(Problem({9, 7, 3, 20, 3, 3, 2, 1, 1, true}, 2, Fill::kUniform, 5, false), kernels, {1, 2});
}

// Planning again for another shape leaves nothing of the first; new weights replace the packed ones.
TEST_P(Conv2dEquality, PlannedAndPackedAgain) {
  const Kernels& kernels = this->kernels();
  ThreadPool pool(1);
  Conv2d conv;
  conv.plan({8, 8, 4, 40, 5, 5, 3, 2, 2, true}, kernels, 1, 2, true);
  const ConvShape s{6, 5, 3, 17, 3, 3, 2, 1, 1, false};
  conv.plan(s, kernels, 1, 2, true);
  Conv2d fresh;
  fresh.plan(s, kernels, 1, 2, true);
  ASSERT_EQ(conv.packed_bytes(), fresh.packed_bytes());
  ASSERT_EQ(conv.forward_workspace_bytes(), fresh.forward_workspace_bytes());
  Guarded<uint8_t> packed("packed", static_cast<int64_t>(conv.packed_bytes()));
  for (uint64_t seed : {11u, 12u}) {
    const Problem p(s, 2, Fill::kUniform, seed);
    conv.pack_weights(pool, p.wei.data(), packed.data());
    Guarded<uint8_t> workspace = rubbish(conv.forward_workspace_bytes());
    Guarded<int32_t> dst("forward s32", p.dst_size(), p.offset);
    conv.forward(pool, 2, p.src.data(), p.wei.data(), packed.data(), {nullptr, nullptr, dst.data()}, nullptr, workspace.data());
    EXPECT_EQ(dst.difference(p.dst), "");
  }
}

TEST(Conv2dBoundsDeathTest, TooLongAReductionIsRefused) {
  const Kernels kernels = make_kernels(Isa::kScalar);
  Conv2d conv;
  EXPECT_DEATH(conv.plan({1, 1, static_cast<int>(kMaxReduction) + 1, 1, 1, 1, 1, 0, 1, false}, kernels, 1, 2, true),
               "check failed");
  EXPECT_DEATH(conv.plan({2, 2, 1, 1, 3, 3, 1, 0, 1, false}, kernels, 1, 2, true), "check failed");
}

}  // namespace
}  // namespace intrain::ops::test
