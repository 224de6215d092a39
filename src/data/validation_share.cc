#include "data/validation_share.h"

#include <algorithm>
#include <cstddef>

namespace intrain {

namespace {

uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

}  // namespace

uint64_t split_key(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return mix(hash);
}

uint64_t split_key(int64_t index) { return mix((static_cast<uint64_t>(index) + 1) * 0x9e3779b97f4a7c15); }

std::vector<bool> split_off(const std::vector<uint16_t>& labels, int classes, const std::vector<uint64_t>& keys, int64_t share) {
  std::vector<std::vector<size_t>> images(static_cast<size_t>(classes));
  for (size_t i = 0; i < labels.size(); ++i) images[labels[i]].push_back(i);
  std::vector<bool> off(labels.size());
  for (std::vector<size_t>& of_class : images) {
    const auto n = static_cast<int64_t>(of_class.size());
    if (n < 2) continue;
    constexpr int64_t kHalf = int64_t{1} << (kShareBits - 1);
    const int64_t count = std::clamp((n * share + kHalf) >> kShareBits, int64_t{1}, n - 1);
    std::stable_sort(of_class.begin(), of_class.end(), [&](size_t a, size_t b) { return keys[a] < keys[b]; });
    for (int64_t i = 0; i < count; ++i) off[of_class[static_cast<size_t>(i)]] = true;
  }
  return off;
}

}  // namespace intrain
