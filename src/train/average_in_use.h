// Evaluation by the average of the weights.
#pragma once

#include "nn/net.h"

namespace intrain {

// While it is there the net computes with its average (Net::keep_average), if it keeps one, and must not be trained.
class AverageInUse {
 public:
  explicit AverageInUse(Net& net) : net_(net) { net_.swap_average(); }
  ~AverageInUse() { net_.swap_average(); }
  AverageInUse(const AverageInUse&) = delete;
  AverageInUse& operator=(const AverageInUse&) = delete;

 private:
  Net& net_;
};

}  // namespace intrain
