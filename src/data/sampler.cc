#include "data/sampler.h"

#include <cstddef>
#include <numeric>
#include <utility>

#include "base/random.h"

namespace intrain {

void shuffle_epoch(uint64_t seed, uint32_t epoch, std::vector<int32_t>& order) {
  std::iota(order.begin(), order.end(), 0);
  const RandomStream random{seed, RandomUse::kShuffle, epoch, 0};
  for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[random.below(i, static_cast<uint32_t>(i + 1))]);
}

}  // namespace intrain
