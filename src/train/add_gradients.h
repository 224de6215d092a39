// Where several batches make a step: the gradients of one are added to those of the batches before.
#pragma once

#include <vector>

#include "nn/net.h"
#include "optim/gradient_sum.h"

namespace intrain {

class AddGradients final : public GradientSink {
 public:
  // sums: by the number of the parameter. Both must outlive it.
  AddGradients(Net& net, std::vector<GradientSum>& sums) : net_(net), sums_(sums) {}
  void gradient(Parameter& p) override {
    if (p.frozen) return;
    if (!p.grad_reduced) net_.runtime().reducer().sum(p.grad.data(), p.count());  // before any rounding: ranks cannot show
    sums_[p.number].add(p, net_.runtime().pool());
  }

 private:
  Net& net_;
  std::vector<GradientSum>& sums_;
};

}  // namespace intrain
