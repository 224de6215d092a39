// Where several batches make a step: the gradients of one are added to those of the batches before.
#pragma once

#include <vector>

#include "nn/net.h"
#include "optim/gradient_sum.h"
#include "train/whole_gradients.h"

namespace intrain {

class AddGradients final : public WholeGradients {
 public:
  // sums: by the number of the parameter. Both must outlive it.
  AddGradients(Net& net, std::vector<GradientSum>& sums) : WholeGradients(net, nullptr), sums_(sums) {}

 private:
  void whole(Parameter& p) override { sums_[p.number].add(p, net_.runtime().pool()); }

  std::vector<GradientSum>& sums_;
};

}  // namespace intrain
