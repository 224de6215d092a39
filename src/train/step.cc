// The whole of training, left to right; each call enters one folder. Everything here and below is integers.
#include "train/step.h"

#include "optim/sgd.h"

namespace intrain {
namespace {

// What becomes of each parameter's gradient, as soon as it is there: its memory serves the next layer.
class Update final : public GradientSink {
 public:
  Update(Net& net, const ops::SgdStep& step) : net_(net), step_(step) {}
  void gradient(Parameter& p) override {
    if (p.frozen) return;
    if (!p.grad_reduced) net_.reducer().sum(p.grad.data(), p.count());  // before any rounding: ranks cannot show
    const ProfileScope time(net_.profile(), -1, ProfileOp::kUpdate);
    sgd_update(p, step_, net_.kernels(), net_.pool());  // optim/: G, momentum and W, stochastic rounding
  }

 private:
  Net& net_;
  const ops::SgdStep& step_;
};

}  // namespace

void train_step(Net& net, const Batch& batch, const ops::SgdStep& step) {
  Update update(net, step);
  net.forward(batch);                                  // nn/: u8 activations and s8 x_hat stay for the way back
  net.backward(batch, step.seed, step.step, &update);  // nn/: softmax cross-entropy, then exact gradient sums, layer by layer
  net.quantize_parameters();                           // nn/: W in 8 bits for the next step
}

}  // namespace intrain
