#include "data/synthetic.h"

#include <algorithm>

#include "base/random.h"
#include "base/rounding.h"

namespace intrain {

namespace {

constexpr int kSide = 12, kBlock = 3, kBlocks = kSide / kBlock, kClasses = 10, kNoise = 40;

// RandomStream::number: the patterns, and the two splits.
enum : uint32_t { kPatterns = 0, kTrain = 1, kTest = 2 };

int pattern_pixel(uint64_t seed, int label, int y, int x) {
  const RandomStream levels{seed, RandomUse::kSynthetic, kPatterns, static_cast<uint32_t>(label)};
  const int block = std::clamp(y, 0, kSide - 1) / kBlock * kBlocks + std::clamp(x, 0, kSide - 1) / kBlock;
  return static_cast<int>(levels.below(static_cast<uint64_t>(block), 256));
}

Dataset make_split(int count, uint64_t seed, uint32_t split) {
  Dataset set;
  set.count = count;
  set.h = set.w = kSide;
  set.c = 1;
  set.classes = kClasses;
  set.images.resize(static_cast<size_t>(count * set.image_size()));
  set.labels.resize(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    const RandomStream random{seed, RandomUse::kSynthetic, split, static_cast<uint32_t>(i)};
    const int label = static_cast<int>(random.below(0, kClasses));
    const int dy = static_cast<int>(random.below(1, 3)) - 1, dx = static_cast<int>(random.below(2, 3)) - 1;
    uint8_t* image = set.images.data() + i * set.image_size();
    for (int y = 0; y < kSide; ++y)
      for (int x = 0; x < kSide; ++x) {
        const int noise = static_cast<int>(random.below(static_cast<uint64_t>(4 + y * kSide + x), 2 * kNoise + 1)) - kNoise;
        image[y * kSide + x] = static_cast<uint8_t>(clamp(pattern_pixel(seed, label, y + dy, x + dx) + noise, 0, 255));
      }
    set.labels[static_cast<size_t>(i)] = static_cast<uint8_t>(label);
  }
  return set;
}

}  // namespace

DataSplits make_synthetic(int count, uint64_t seed) {
  DataSplits data;
  data.spec = "synthetic:" + std::to_string(count);
  data.train = make_split(count, seed, kTrain);
  data.test = make_split(std::max(count / 4, 1), seed, kTest);
  return data;
}

}  // namespace intrain
