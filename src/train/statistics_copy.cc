#include "train/statistics_copy.h"

#include <cstring>

namespace intrain {

namespace {

size_t bytes_of(const StateArray& a) { return static_cast<size_t>(a.count * element_bytes(a.type)); }

}  // namespace

StatisticsCopy::StatisticsCopy(Net& net) {
  size_t bytes = 0;
  for (const StateArray& a : net.state()) {
    if (a.role != StateRole::kStatistic && a.role != StateRole::kOther) continue;
    arrays_.push_back(a);
    bytes += bytes_of(a);
  }
  bytes_.resize(bytes);
}

void StatisticsCopy::take() {
  uint8_t* to = bytes_.data();
  for (const StateArray& a : arrays_) {
    std::memcpy(to, a.data, bytes_of(a));
    to += bytes_of(a);
  }
}

void StatisticsCopy::put_back() const {
  const uint8_t* from = bytes_.data();
  for (const StateArray& a : arrays_) {
    std::memcpy(a.data, from, bytes_of(a));
    from += bytes_of(a);
  }
}

}  // namespace intrain
