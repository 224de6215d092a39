// A small data set made of random numbers: needs no file, is learnt in a few steps, and is the same everywhere.
//
// 10 classes of 12 x 12 x 1, or of another size. Each class is a pattern, in each channel, of 4 x 4 square blocks with levels from
// RandomUse::kSynthetic; an image is its class's pattern moved by -1, 0 or 1 pixel each way (the edge is repeated) plus uniform noise
// of +-40, clamped to [0, 255].
#pragma once

#include <string>

#include "data/dataset.h"

namespace intrain {

constexpr int kSyntheticDefault = 2048;
constexpr int kSyntheticMax = 1 << 20;

struct SyntheticSize {
  int side = 12;     // a multiple of 4
  int channels = 1;  // 1 .. kMaxChannels
};

// `count` training images (1 .. kSyntheticMax) and count / 4 test images, at least one. A function of the arguments alone.
// Throws Error for other counts and sizes.
DataSplits make_synthetic(int count, uint64_t seed, const SyntheticSize& size = {});

// As a spec has it: N or N:SIDE, or nothing. Throws Error for what is neither, or takes too much memory.
DataSplits load_synthetic(const std::string& rest);

}  // namespace intrain
