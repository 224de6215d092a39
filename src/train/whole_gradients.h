// Gradients summed over all ranks, whatever is done with them then. Of one process they are that at once.
#pragma once

#include "nn/net.h"
#include "optim/gradient_exchange.h"

namespace intrain {

class WholeGradients : public GradientSink {
 public:
  // rounding: of the optimizer, which is then handed G in place of the sums; null: the sums. Both must outlive it.
  WholeGradients(Net& net, const SgdStep* rounding)
      : net_(net), exchange_(net.runtime().reducer(), net.runtime().kernels(), net.runtime().pool(), rounding) {}

  void gradient(Parameter& p) final {
    if (p.frozen) return;
    if (p.grad_reduced || net_.runtime().reducer().ranks() == 1) return whole(p);
    exchange_.add(p, [this](Parameter& done) { whole(done); });
  }
  void layer_done() final {
    exchange_.advance([this](Parameter& done) { whole(done); });
  }
  void pass_done() final {
    exchange_.finish([this](Parameter& done) { whole(done); });
  }

 protected:
  ~WholeGradients() = default;
  virtual void whole(Parameter& p) = 0;

  Net& net_;

 private:
  static_assert(GradientExchange::kLayers == kLayersLater);
  GradientExchange exchange_;
};

}  // namespace intrain
