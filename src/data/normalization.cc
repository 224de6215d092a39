#include "data/normalization.h"

#include "base/formats.h"
#include "base/rounding.h"
#include "core/error.h"
#include "data/check_dataset.h"
#include "data/pixel_sums.h"

namespace intrain {

namespace {

constexpr int kFraction = kNormalizationFraction, kVarianceFraction = 26;
constexpr int64_t kMaxPixels = int64_t{1} << 46;
static_assert(kMaxPixels < int64_t{1} << (63 - kVarianceFraction / 2), "div_fraction, half of the bits at a time");
static_assert((kMaxPixels << 16) < INT64_MAX, "V, S2 and q (S1 + r), which are at most 255 * 256 a pixel");
static_assert((127 * 128 + 1) * (uint64_t{1} << (2 * kFraction)) < uint64_t{1} << 62, "variance of a u8, scaled for isqrt");

void fill_table(int64_t mean, int64_t deviation, int8_t (&table)[256]) {
  for (int64_t p = 0; p < 256; ++p) {
    const int64_t scaled = ((p << kFraction) - mean) * (int64_t{1} << -kInputExp);
    table[p] = deviation == 0 ? int8_t{0} : static_cast<int8_t>(clamp(div_round(scaled, deviation), -kS8Max, kS8Max));
  }
}

// floor(a 2^f / n) by long division in two steps: one would need n < 2^(63 - f), which large sets of photos have not.
int64_t div_pixels(int64_t a, int64_t n, int f) {
  const int first = f / 2;
  return (div_fraction(a, n, first) << (f - first)) + div_fraction((a % n << first) % n, n, f - first);
}

void fill_table_of(const PixelSums& sums, int64_t n, int8_t (&table)[256]) {
  const int64_t q = sums.sum / n, r = sums.sum % n;
  // sum (p - q)^2 = S2 - 2 q S1 + n q^2, where n q = S1 - r.
  const int64_t squares = sums.squares - q * (sums.sum + r);

  const int64_t mean = (q << kFraction) + div_pixels(r, n, kFraction);
  const int64_t rest = div_pixels(r, n, kVarianceFraction);
  const int64_t variance = div_pixels(squares, n, kVarianceFraction) - ((rest * rest) >> kVarianceFraction);
  const int64_t deviation = variance <= 0 ? 0 : isqrt(static_cast<uint64_t>(variance) << (2 * kFraction - kVarianceFraction));
  fill_table(mean, deviation, table);
}

}  // namespace

Normalization make_normalization(const Dataset& set) {
  const int64_t n = int64_t{set.count} * set.h * set.w;
  check_dataset(set);
  if (n > kMaxPixels)
    throw Error(std::to_string(set.count) + " images of " + std::to_string(set.h) + "x" + std::to_string(set.w) + " are too many",
                Setting{"data"}, "take fewer, or smaller ones");
  if (!set.files.empty() && static_cast<int>(set.pixel_sums.size()) != set.c)
    throw Error("photos that nobody has looked at", Setting{"data"}, "load_data (data/source.h) adds up their pixels");
  std::vector<PixelSums> sums = set.pixel_sums;
  if (set.files.empty()) {
    sums.assign(static_cast<size_t>(set.c), {});
    add_pixels(set.images.data(), n, set.c, sums.data());
  }
  Normalization norm = {};
  for (int ch = 0; ch < set.c; ++ch) fill_table_of(sums[static_cast<size_t>(ch)], n, norm.table[ch]);
  return norm;
}

Normalization make_normalization(const std::vector<int64_t>& mean, const std::vector<int64_t>& deviation) {
  if (mean.empty() || mean.size() > size_t{kMaxChannels} || mean.size() != deviation.size())
    throw Error(std::to_string(mean.size()) + " means and " + std::to_string(deviation.size()) + " deviations", Setting{"mean"},
                "give one of both for each channel, of which there are at most " + std::to_string(kMaxChannels));
  Normalization norm = {};
  for (size_t ch = 0; ch < mean.size(); ++ch) {
    if (mean[ch] < 0 || mean[ch] > int64_t{255} << kFraction)
      throw Error("a mean of " + std::to_string(mean[ch]) + " / 2^23", Setting{"mean"}, "give 0 to 255 2^23");
    if (deviation[ch] < 1 || deviation[ch] >= int64_t{1} << 31)
      throw Error("a deviation of " + std::to_string(deviation[ch]) + " / 2^23", Setting{"deviation"}, "give 1 to 2^31 - 1");
    fill_table(mean[ch], deviation[ch], norm.table[ch]);
  }
  return norm;
}

}  // namespace intrain
