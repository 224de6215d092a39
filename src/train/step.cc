// The whole of training, left to right; each call enters one folder. Everything here and below is integers.
#include "train/step.h"

#include "core/error.h"
#include "optim/sgd.h"
#include "train/add_gradients.h"
#include "train/tensor_counts.h"
#include "train/whole_gradients.h"

namespace intrain {
namespace {

// What becomes of each parameter's gradient, as soon as it is there: its memory serves the next layer.
void update_parameter(Net& net, Parameter& p, const SgdStep& step) {
  if (net.tensor_sink() != nullptr) show_gradient(p, step, *net.tensor_sink());  // for metrics, now and then
  const ProfileScope time(net.profile(), -1, ProfileOp::kUpdate);
  sgd_update(p, step, net.runtime().kernels(), net.runtime().pool());  // optim/: G, momentum and W, stochastic rounding
}

// WAGEUBN rounds to n, after the decay, and what looks at gradients rounds them by itself: they take the sums.
const SgdStep* gradient_rounding(const Net& net, const SgdStep& step) {
  return step.range_log2 > 0 || net.tensor_sink() != nullptr ? nullptr : &step;
}

class Update final : public WholeGradients {
 public:
  Update(Net& net, const SgdStep& step) : WholeGradients(net, gradient_rounding(net, step)), step_(step) {}

 private:
  void whole(Parameter& p) override { update_parameter(net_, p, step_); }
  const SgdStep& step_;
};

}  // namespace

void train_step(Net& net, const Batch& batch, const SgdStep& step) {
  Update update(net, step);
  net.forward(batch);  // nn/: u8 activations and s8 x_hat stay for the backward pass, or are formed again
  net.backward(batch, step.seed, step.step, &update);  // nn/: softmax cross-entropy, then exact gradient sums, layer by layer
  net.quantize_updated();                              // nn/: W in 8 bits for the next step
}

AccumulatedStep::AccumulatedStep(Net& net, int batches) : net_(net), sums_(net.parameters().size()), batches_(batches) {
  net.set_batches_per_step(batches);
}

void AccumulatedStep::add(const Batch& batch, uint64_t seed, uint32_t number) {
  AddGradients add(net_, sums_);  // instead of Update
  net_.forward(batch);
  net_.backward(batch, seed, number, &add);
  ++added_;
}

void AccumulatedStep::clear() {
  for (GradientSum& sum : sums_) sum.clear();
  added_ = 0;
}

void AccumulatedStep::update(const SgdStep& step) {
  if (added_ != batches_)
    throw Error("an update after " + std::to_string(added_) + " batches", Setting{"accumulate"},
                "add " + std::to_string(batches_) + " first: as many as were said to make a step");
  added_ = 0;
  for (Parameter* p : net_.parameters())
    if (!p->frozen) sums_[p->number].take(*p, [&](Parameter& summed) { update_parameter(net_, summed, step); });
  net_.quantize_updated();
}

}  // namespace intrain
