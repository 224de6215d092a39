#include "data/whitening.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string>

#include "base/rounding.h"
#include "core/check.h"
#include "core/error.h"
#include "core/stop.h"

namespace intrain {

namespace {

constexpr int kRotationFraction = 30;  // bits of the rotations and of the vectors
constexpr int64_t kRotationOne = int64_t{1} << kRotationFraction;
constexpr int kRotationSweeps = 12;  // the rest falls by squares from sweep to sweep: far below the rounding

// Cosine and sine of the angle that makes a_pq zero: tan = b / (|d| + sqrt(d^2 + b^2)) with the sign of d b, d = a_qq - a_pp, b = 2 a_pq.
struct Rotation {
  int64_t cosine, sine;
};
// |d| and |b| are at most 2^30, for the trace is below 2^29 and no element above it. |tan| <= 1, so that the cosine is at least 2^-1/2.
Rotation rotation_of(int64_t d, int64_t b) {
  constexpr uint64_t kMost = uint64_t{1} << 30;
  CHECK_LE(magnitude(d), kMost);
  CHECK_LE(magnitude(b), kMost);
  const int64_t root = isqrt(static_cast<uint64_t>(d * d + b * b)), below = (d < 0 ? -d : d) + root;
  const int64_t tangent = div_round((d < 0 ? -b : b) * kRotationOne, below);
  const int64_t length = isqrt(static_cast<uint64_t>(kRotationOne * kRotationOne) + static_cast<uint64_t>(tangent * tangent));
  const int64_t cosine = div_round(kRotationOne * kRotationOne, length);
  return {cosine, rshift_round(tangent * cosine, kRotationFraction)};
}

// Both rotated: x' = c x - s y, y' = s x + c y.
void rotate(const Rotation& r, int64_t& x, int64_t& y) {
  const int64_t first = rshift_round(r.cosine * x - r.sine * y, kRotationFraction),
                second = rshift_round(r.sine * x + r.cosine * y, kRotationFraction);
  x = first;
  y = second;
}

size_t square(int n) { return static_cast<size_t>(n) * static_cast<size_t>(n); }

// Scaled by a power of two to a trace below 2^29, all bits of it used, or zero.
std::vector<int64_t> scaled(const std::vector<int64_t>& matrix, int n) {
  uint64_t trace = 0;
  for (size_t i = 0; i < matrix.size(); i += static_cast<size_t>(n) + 1) trace += magnitude(matrix[i]);
  std::vector<int64_t> result(matrix.size());
  const int shift = 28 - bit_length(trace);  // each element is rounded up by 1/2 at most
  std::transform(matrix.begin(), matrix.end(), result.begin(), [&](int64_t v) { return scale_pow2(v, shift); });
  return result;
}

}  // namespace

std::vector<int64_t> patch_moments(const Dataset& images, const Normalization& norm, int height, int width,
                                   const std::atomic<int>* stop) {
  const int n = height * width * images.c;
  if (!images.files.empty())
    throw Error("photos are not in memory", Setting{"whiten"},
                "leave it out, or train on images of one size: IDX, CIFAR, arrays");
  if (n > kMostPatchElements || height > images.h || width > images.w)
    throw Error("patches of " + std::to_string(height) + "x" + std::to_string(width) + " pixels of " + std::to_string(images.c) +
                    " channels",
                Setting{"whiten"},
                "give a first convolution of at most " + std::to_string(kMostPatchElements) + " numbers, within the images");
  std::vector<int64_t> sums(square(n));
  std::vector<int32_t> image(static_cast<size_t>(images.image_size())), patch(static_cast<size_t>(n));
  const int64_t patches = int64_t{images.h - height + 1} * (images.w - width + 1);
  const int64_t count = std::min<int64_t>(kMostWhiteningImages, std::max<int64_t>(1, kMostWhiteningPatches / patches));
  for (int64_t i = 0; i < std::min<int64_t>(images.count, count); ++i) {
    check_stop(stop);
    for (size_t j = 0; j < image.size(); ++j) image[j] = norm.table[j % static_cast<size_t>(images.c)][images.image(i)[j]];
    for (int y = 0; y + height <= images.h; ++y)
      for (int x = 0; x + width <= images.w; ++x) {
        for (int row = 0; row < height; ++row)
          std::copy_n(image.begin() + (int64_t{y + row} * images.w + x) * images.c, width * images.c,
                      patch.begin() + int64_t{row} * width * images.c);
        for (size_t p = 0; p < patch.size(); ++p)
          for (size_t q = 0; q <= p; ++q) sums[p * patch.size() + q] += patch[p] * patch[q];
      }
  }
  for (size_t p = 0; p < patch.size(); ++p)
    for (size_t q = 0; q < p; ++q) sums[q * patch.size() + p] = sums[p * patch.size() + q];
  return sums;
}

std::vector<int64_t> symmetric_eigenvectors(const std::vector<int64_t>& matrix, int n) {
  const auto at = [n](int row, int column) {
    return static_cast<size_t>(row) * static_cast<size_t>(n) + static_cast<size_t>(column);
  };
  CHECK_LE(1, n);
  CHECK_LE(n, kMostPatchElements);
  CHECK_EQ(matrix.size(), square(n));
  std::vector<int64_t> a = scaled(matrix, n), v(square(n));
  for (int i = 0; i < n; ++i) v[at(i, i)] = kRotationOne;
  for (int sweep = 0; sweep < kRotationSweeps; ++sweep)
    for (int p = 0; p < n; ++p)
      for (int q = p + 1; q < n; ++q) {
        if (a[at(p, q)] == 0) continue;
        const Rotation r = rotation_of(a[at(q, q)] - a[at(p, p)], 2 * a[at(p, q)]);
        for (int k = 0; k < n; ++k) rotate(r, a[at(k, p)], a[at(k, q)]);
        for (int k = 0; k < n; ++k) rotate(r, a[at(p, k)], a[at(q, k)]);
        for (int k = 0; k < n; ++k) rotate(r, v[at(p, k)], v[at(q, k)]);
      }
  std::vector<int> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int i, int j) { return a[at(i, i)] > a[at(j, j)]; });
  std::vector<int64_t> sorted;
  for (const int row : order) {
    const auto begin = v.begin() + static_cast<int64_t>(at(row, 0));
    const int64_t largest = *std::max_element(begin, begin + n, [](int64_t x, int64_t y) { return magnitude(x) < magnitude(y); });
    std::transform(begin, begin + n, std::back_inserter(sorted), [&](int64_t x) { return largest < 0 ? -x : x; });
  }
  return sorted;
}

}  // namespace intrain
