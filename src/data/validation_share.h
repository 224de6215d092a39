// Which training images are split off to evaluate on, where there is no set for that.
//
// Of the n images of a class min(max(1, floor((n share + 2^29) / 2^30)), n - 1) are, those of the smallest keys, of equal keys the first;
// none of a single one. A photo's key is a function of its name alone: a few photos more or less move few others, and neither the seed nor
// the folder's place moves any.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace intrain {

constexpr int kShareBits = 30;  // a share is in 2^-30, 0 .. 2^30 - 1

// With mix(z), the finalizer of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014):
//   z = (z xor z >> 30) 0xbf58476d1ce4e5b9,  z = (z xor z >> 27) 0x94d049bb133111eb,  z xor z >> 31      modulo 2^64
// of a photo `name`, "<class>/<path in its folder>": mix(FNV-1a of 64 bits over the bytes of name);
// of image `index` in memory: mix((index + 1) 0x9e3779b97f4a7c15).
uint64_t split_key(std::string_view name);
uint64_t split_key(int64_t index);

// For each image whether it is split off; labels and keys [images], labels below `classes`.
std::vector<bool> split_off(const std::vector<uint16_t>& labels, int classes, const std::vector<uint64_t>& keys, int64_t share);

}  // namespace intrain
