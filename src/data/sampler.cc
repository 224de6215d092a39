#include "data/sampler.h"

#include <cstddef>
#include <numeric>
#include <utility>

#include "base/random.h"

namespace intrain {

namespace {

void shuffle(const RandomStream& random, std::vector<int32_t>& order) {
  for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[random.below(i, static_cast<uint32_t>(i + 1))]);
}

}  // namespace

void shuffle_epoch(uint64_t seed, uint32_t epoch, std::vector<int32_t>& order) {
  std::iota(order.begin(), order.end(), 0);
  shuffle({seed, RandomUse::kShuffle, epoch, 0}, order);
}

void balance_epoch(uint64_t seed, uint32_t epoch, const std::vector<uint16_t>& labels, int classes, std::vector<int32_t>& order) {
  shuffle_epoch(seed, epoch, order);
  std::vector<std::vector<int32_t>> of_class(static_cast<std::size_t>(classes));
  for (const int32_t sample : order) of_class[labels[static_cast<std::size_t>(sample)]].push_back(sample);
  std::erase_if(of_class, [](const std::vector<int32_t>& samples) { return samples.empty(); });
  const std::size_t k = of_class.size();
  for (std::size_t j = 0; j < order.size(); ++j) {
    const std::vector<int32_t>& samples = of_class[(j + epoch) % k];
    order[j] = samples[j / k % samples.size()];
  }
  shuffle({seed, RandomUse::kShuffle, epoch, 1}, order);
}

}  // namespace intrain
