// What a forward pass changes of a net's state.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/net.h"

namespace intrain {

// A copy of all state that is neither a parameter, nor its optimizer's, nor an average, which a step changes last: the running statistics, and
// what a layer of a user's own keeps. Each batch of a step changes them before the step's update.
class StatisticsCopy {
 public:
  // The net, prepared for training, must outlive it.
  explicit StatisticsCopy(Net& net);
  void take();
  void put_back() const;

 private:
  std::vector<StateArray> arrays_;
  std::vector<uint8_t> bytes_;
};

}  // namespace intrain
