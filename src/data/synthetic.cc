#include "data/synthetic.h"

#include <algorithm>

#include "base/random.h"
#include "base/rounding.h"
#include "core/check.h"

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
  CHECK_TRUE(size.side > 0 && size.side % kBlocks == 0 && size.channels > 0 && size.channels <= kMaxChannels);
  DataSplits data;
  data.train = make_split(count, seed, size, kTrain);
  data.test = make_split(std::max(count / 4, 1), seed, size, kTest);
  return data;
}

}  // namespace intrain
