#include "data/whitening.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/oracle.h"
#include "support/rng.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

Normalization as_it_is() {
  Normalization norm = {};
  for (auto& channel : norm.table)
    for (int p = 0; p < 256; ++p) channel[p] = static_cast<int8_t>(std::min(p, 127));
  return norm;
}

Dataset images(int count, int h, int w, int c, std::vector<uint8_t> pixels) {
  Dataset set;
  set.count = count;
  set.h = h;
  set.w = w;
  set.c = c;
  set.classes = 2;
  set.images = Pixels(std::move(pixels));
  set.labels.resize(static_cast<size_t>(count));
  return set;
}

// Patches (1 2), (2 3) and (4 5), (5 6) of rows of three: sums of squares 46 and 74, of products 58.
TEST(Whitening, MomentsByHand) {
  const Dataset set = images(1, 2, 3, 1, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(patch_moments(set, as_it_is(), 1, 2), (std::vector<int64_t>{46, 58, 58, 74}));
  EXPECT_EQ(patch_moments(set, as_it_is(), 2, 3)[7], 4) << "element 1 (2) times element 1";
  expect_error([&] { patch_moments(set, as_it_is(), 3, 1); }, "patches of 3x1 pixels", "whiten");
  const std::atomic<int> stop{1};
  expect_error([&] { patch_moments(set, as_it_is(), 1, 2, &stop); }, "stopped", "");
  Dataset photos = set;
  photos.files = {"a.png"};
  expect_error([&] { patch_moments(photos, as_it_is(), 1, 1); }, "not in memory", "whiten");
}

// Of images that have more patches than are taken between them, the first ones; of one larger still it alone.
TEST(Whitening, WorkHasABound) {
  std::vector<uint8_t> pixels(size_t{3} * 1600 * 1600, 1);
  EXPECT_EQ(patch_moments(images(3, 1600, 1600, 1, pixels), as_it_is(), 1, 1)[0], 2 * 1600 * 1600);
  EXPECT_EQ(patch_moments(images(1, 2400, 2400, 1, pixels), as_it_is(), 1, 1)[0], 2400 * 2400);
}

// (1 1) and (1 -1) of length 1: 759250125 = round(2^30 / sqrt 2).
TEST(Whitening, EigenvectorsByHand) {
  const std::vector<int64_t> v = symmetric_eigenvectors({200, 100, 100, 200}, 2);
  const int64_t expected[] = {759250125, 759250125, 759250125, -759250125};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(static_cast<double>(v[i]), static_cast<double>(expected[i]), 4) << i;
  constexpr int64_t kUnit = int64_t{1} << 30;
  EXPECT_EQ(symmetric_eigenvectors({1, 0, 0, 3}, 2), (std::vector<int64_t>{0, kUnit, kUnit, 0})) << "the larger first";
  EXPECT_EQ(symmetric_eigenvectors({0, 0, 0, 0}, 2), (std::vector<int64_t>{kUnit, 0, 0, kUnit}));
  EXPECT_EQ(symmetric_eigenvectors({int64_t{1} << 60}, 1), (std::vector<int64_t>{kUnit}));
}

// M v = lambda v within 2^-20 of the trace, vectors of length 1 at right angles within 2^-19: some 20 times the rounding of 12 sweeps.
TEST(Whitening, EigenvectorsInFloat) {
  for (const int n : {2, 3, 12, 27, kMostPatchElements}) {
    Rng rng(static_cast<uint64_t>(n));
    std::vector<int64_t> m(static_cast<size_t>(n) * static_cast<size_t>(n));
    std::vector<int64_t> x(static_cast<size_t>(n));
    const auto size = static_cast<size_t>(n);
    for (int sample = 0; sample < 200; ++sample) {
      const int64_t common = rng.range(-110, 110);
      for (int64_t& e : x) e = common + rng.range(-12, 12);
      for (size_t i = 0; i < size; ++i)
        for (size_t j = 0; j < size; ++j) m[i * size + j] += x[i] * x[j];
    }
    double trace = 0, last = INFINITY;
    for (size_t i = 0; i < size; ++i) trace += static_cast<double>(m[i * size + i]);
    const std::vector<double> v = to_real(symmetric_eigenvectors(m, n), -30);
    for (size_t p = 0; p < size; ++p) {
      std::vector<double> y(size);
      double lambda = 0;
      for (size_t i = 0; i < size; ++i) {
        for (size_t j = 0; j < size; ++j) y[i] += static_cast<double>(m[i * size + j]) * v[p * size + j];
        lambda += y[i] * v[p * size + i];
      }
      for (size_t i = 0; i < size; ++i) EXPECT_NEAR(y[i], lambda * v[p * size + i], trace * 0x1p-20);
      EXPECT_LE(lambda, last + trace * 0x1p-20) << "falling";
      last = lambda;
      for (size_t q = 0; q <= p; ++q) {
        double dot = 0;
        for (size_t i = 0; i < size; ++i) dot += v[p * size + i] * v[q * size + i];
        EXPECT_NEAR(dot, p == q, 0x1p-19);
      }
    }
  }
}

}  // namespace
}  // namespace intrain::test
