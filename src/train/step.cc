// The whole of training, left to right; each call enters one folder. Everything here and below is integers.
#include "train/step.h"

#include "optim/sgd.h"

namespace intrain {

void train_step(Net& net, const Batch& batch, const ops::SgdStep& step) {
  net.forward(batch);                         // nn/: u8 activations and s8 x_hat stay for the way back
  net.backward(batch, step.seed, step.step);  // nn/: softmax cross-entropy, then exact gradient sums in every Parameter::grad
  for (Parameter* p : net.parameters())
    if (!p->grad_reduced) net.reducer().sum(p->grad.data(), p->count());  // before any rounding: ranks cannot show
  sgd_update(net.parameters(), step, net.kernels(), net.pool());          // optim/: G, momentum and W, stochastic rounding
  net.quantize_parameters();                                              // nn/: W in 8 bits for the next step
}

}  // namespace intrain
