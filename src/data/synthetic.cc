#include "data/synthetic.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/random.h"
#include "base/rounding.h"
#include "core/error.h"
#include "data/spec_number.h"

namespace intrain {

namespace {

constexpr int kBlocks = 4, kClasses = 10, kNoise = 40;  // kBlocks: a side

// RandomStream::number: the patterns, and the two splits.
enum : uint32_t { kPatterns = 0, kTrain = 1, kTest = 2 };

int pattern_pixel(uint64_t seed, int label, int side, int y, int x, int channel) {
  const RandomStream levels{seed, RandomUse::kSynthetic, kPatterns, static_cast<uint32_t>(label)};
  const int pixels = side / kBlocks;  // of a block's side
  const int row = std::clamp(y, 0, side - 1) / pixels, column = std::clamp(x, 0, side - 1) / pixels;
  return static_cast<int>(levels.below(static_cast<uint64_t>((channel * kBlocks + row) * kBlocks + column), 256));
}

Dataset make_split(int count, uint64_t seed, const SyntheticSize& size, uint32_t split) {
  Dataset set;
  set.count = count;
  set.h = set.w = size.side;
  set.c = size.channels;
  set.classes = kClasses;
  std::vector<uint8_t> images(static_cast<size_t>(set.count * set.image_size()));
  set.labels.resize(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    const RandomStream random{seed, RandomUse::kSynthetic, split, static_cast<uint32_t>(i)};
    const int label = static_cast<int>(random.below(0, kClasses));
    const int dy = static_cast<int>(random.below(1, 3)) - 1, dx = static_cast<int>(random.below(2, 3)) - 1;
    uint8_t* image = images.data() + i * set.image_size();
    for (int e = 0; e < set.image_size(); ++e) {
      const int y = e / set.c / set.w, x = e / set.c % set.w;
      const int noise = static_cast<int>(random.below(static_cast<uint64_t>(4 + e), 2 * kNoise + 1)) - kNoise;
      image[e] = static_cast<uint8_t>(clamp(pattern_pixel(seed, label, size.side, y + dy, x + dx, e % set.c) + noise, 0, 255));
    }
    set.labels[static_cast<size_t>(i)] = static_cast<uint16_t>(label);
  }
  set.images = std::move(images);
  return set;
}

}  // namespace

DataSplits make_synthetic(int count, uint64_t seed, const SyntheticSize& size) {
  if (count < 1 || count > kSyntheticMax)
    throw Error(std::to_string(count) + " generated images", Setting{"data"}, "give 1 to " + std::to_string(kSyntheticMax));
  if (size.side < 1 || size.side % kBlocks != 0 || size.channels < 1 || size.channels > kMaxChannels)
    throw Error(
        "generated images of " + std::to_string(size.side) + " pixels a side and " + std::to_string(size.channels) + " channels",
        Setting{"data"}, "the side is a multiple of 4, and there are 1 to " + std::to_string(kMaxChannels) + " channels");
  DataSplits data;
  data.train = make_split(count, seed, size, kTrain);
  data.test = make_split(std::max(count / 4, 1), seed, size, kTest);
  return data;
}

DataSplits load_synthetic(const std::string& rest) {
  constexpr int64_t kMostBytes = int64_t{1} << 30;  // of images whose side is given
  if (rest.empty()) return make_synthetic(kSyntheticDefault, 0);
  const size_t colon = rest.find(':');
  const std::string count = rest.substr(0, colon);
  const int n = spec_number(count);
  if (n < 1 || n > kSyntheticMax)
    throw Error("'" + count + "' is not a number of images", Setting{"data"},
                "synthetic:N takes N from 1 to " + std::to_string(kSyntheticMax));
  if (colon == std::string::npos) return make_synthetic(n, 0);
  const std::string text = rest.substr(colon + 1);
  const int side = spec_number(text);
  if (side < 4 || side > kMostSpecSide || side % 4 != 0)
    throw Error("'" + text + "' is not a side of generated images", Setting{"data"},
                "synthetic:N:SIDE takes multiples of 4 from 4 to " + std::to_string(kMostSpecSide));
  const int most = static_cast<int>(kMostBytes / (3 * side * side));
  if (n > most)
    throw Error(std::to_string(n) + " images of " + text + "x" + text + " are too many", Setting{"data"},
                "synthetic:N:" + text + " takes N from 1 to " + std::to_string(most));
  return make_synthetic(n, 0, {side, 3});
}

}  // namespace intrain
