#include "nn/net.h"

#include <algorithm>

#include "core/error.h"
#include "core/memory.h"
#include "core/slice.h"
#include "nn/linear.h"
#include "ops/initialize/initialize.h"

namespace intrain {

void Net::check_not_prepared(const char* setting) const {
  if (max_batch_ != 0) throw Error("the net is prepared already", Setting{setting}, "say this before prepare()");
}

void Net::keep_gradients() {
  check_not_prepared("");
  keep_gradients_ = true;
}

void Net::keep_momentum(bool keep) {
  check_not_prepared("optimizer");
  keep_momentum_ = keep;
}

void Net::recompute(int products) {
  check_not_prepared("recompute");
  if (products < 0) throw Error("sums of " + std::to_string(products) + " products", Setting{"recompute"}, "give 0 or more");
  recompute_ = products;
}

void Net::set_widths(const Widths& widths) {
  check_not_prepared("formats");
  widths_ = widths;
}

void Net::set_batches_per_step(int batches) {
  constexpr int kMost = 1 << 16;
  if (batches < 1 || batches > kMost)
    throw Error(std::to_string(batches) + " batches a step", Setting{"accumulate"}, "give 1 to " + std::to_string(kMost));
  head_->set_batches_per_step(batches);
}

void Net::set_label_smoothing(int64_t smoothing) {
  constexpr int64_t kMost = int64_t{1} << 30;
  if (smoothing < 0 || smoothing > kMost)
    throw Error("a label smoothing of " + std::to_string(smoothing) + " / 2^30", Setting{"label_smoothing"}, "give 0 to 2^30");
  head_->set_label_smoothing(smoothing);
}

void Net::set_logit_shift(int shift) {
  constexpr int kMost = 16;
  if (shift < 0 || shift > kMost)
    throw Error("logits times 2^-" + std::to_string(shift), Setting{"logit_shift"}, "give 0 to " + std::to_string(kMost));
  head_->set_logit_shift(shift);
}

void Net::prepare(int max_batch, bool training, std::shared_ptr<Runtime> runtime) {
  if (max_batch_ != 0) throw Error("the net is prepared already", "", "build it again for other batches");
  if (max_batch < 1) throw Error("a batch of " + std::to_string(max_batch) + " images", Setting{"batch"}, "give 1 or more");
  if (!runtime) throw Error("there is nothing to compute with", "", "prepare() takes a Runtime (nn/runtime.h)");
  max_batch_ = max_batch;
  training_ = training;
  runtime_ = std::move(runtime);
  most_here_ = static_cast<int>(largest_slice(max_batch, runtime_->reducer().ranks()));
  plan_ = {};
  lowest_ = lowest_learning();
  // What is made below has no backward pass.
  if (training)
    for (const auto& v : values_)
      if (v->producer < lowest_ && !v->keeps_error) v->error = nullptr;
  const int layers = static_cast<int>(layers_.size());
  for (int i = 0; i < layers; ++i) {
    LayerPlan plan{plan_,   runtime_->kernels(), i, layers, most_here_, runtime_->pool().threads(), max_batch, training,
                   lowest_, recompute_};
    layers_[static_cast<size_t>(i)]->set_widths(widths_);
    layers_[static_cast<size_t>(i)]->plan(plan);
  }
  const std::vector<ParameterBuffers> buffers = plan_parameters();
  const std::vector<int> averages = plan_averages();
  plan_values();
  if (training) plan_errors();

  const std::string what = "the net in batches of " + std::to_string(max_batch);
  const auto check = [&](size_t bytes) {
    check_memory(static_cast<int64_t>(bytes), what, Setting{"model"},
                 training
                     ? "choose smaller batches (`batch`), a smaller net or images, or let more be computed again (`recompute`)"
                     : "choose a smaller net, smaller batches (`batch`), or smaller images");
  };
  for (const PlannedBuffer& b : plan_.buffers()) check(b.bytes);  // so that their sums do not overflow
  plan_.pack();
  check(plan_.total_bytes());
  memory_ = AlignedBuffer(plan_.total_bytes());
  const auto at = [&](int buffer) { return plan_.address(memory_.data(), buffer); };
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& p = *parameters_[i];
    const size_t n = static_cast<size_t>(p.count());
    p.master = {reinterpret_cast<int32_t*>(at(buffers[i].master)), n};
    if (buffers[i].momentum >= 0) p.momentum = {reinterpret_cast<int16_t*>(at(buffers[i].momentum)), n};
    if (buffers[i].average >= 0) p.average = {reinterpret_cast<int32_t*>(at(buffers[i].average)), n};
    if (buffers[i].narrow)
      p.grad32 = {reinterpret_cast<int32_t*>(at(buffers[i].grad)), n};
    else if (buffers[i].grad >= 0)
      p.grad = {reinterpret_cast<int64_t*>(at(buffers[i].grad)), n};
    if (buffers[i].wire >= 0) p.wire = {at(buffers[i].wire), n * Parameter::kWireBytes};
  }
  for (const auto& v : values_) {
    if (v->data_buffer >= 0) v->data = v->output = at(v->data_buffer);
    if (!training || v->error == nullptr) continue;
    v->error->data = reinterpret_cast<int16_t*>(at(v->error->buffer));
    v->error->exp = reinterpret_cast<int32_t*>(at(v->error->scale_buffer));
    v->error->max = v->error->exp + most_here_;
  }
  for (const auto& layer : layers_) layer->bind(plan_, memory_.data());
  bind_averages(averages);
}

// The lowest layer with a parameter that is not frozen; as many as there are layers if all are.
int Net::lowest_learning() const {
  const auto learns = [](const std::vector<Parameter*>& list) {
    return std::any_of(list.begin(), list.end(), [](const Parameter* p) { return !p->frozen; });
  };
  return static_cast<int>(std::find_if(layer_parameters_.begin(), layer_parameters_.end(), learns) - layer_parameters_.begin());
}

void Net::initialize(uint64_t seed) {
  check_prepared();
  for (Parameter* p : parameters_) {
    if (widths_.fan_in_init && p->initializer == Initializer::kHeNormal) {
      p->initializer = Initializer::kTruncatedNormal;
      p->fan = p->count() / p->shape[0];
    }
    const int coarse = 32 - widths_.w_stored;
    ops::initialize_reference({p->initializer, p->fan, seed, p->number, coarse, master_most(*p), p->count(), p->master.data()});
    std::fill(p->momentum.begin(), p->momentum.end(), int16_t{0});
    p->momentum_exp = ops::kFirstMomentumExp;
  }
  for (const auto& layer : layers_) layer->reset_statistics();
  begin_average();
  quantize_parameters();
}

void Net::quantize_parameters() {
  for (Parameter* p : parameters_) p->master_max = {};
  quantize_updated();
}

void Net::quantize_updated() {
  check_prepared();
  const ProfileScope time(profile_, -1, ProfileOp::kQuantizeWeights);
  for (const auto& layer : layers_) layer->quantize_parameters(runtime_->kernels(), runtime_->pool());
  for (Parameter* p : parameters_) p->master_max = {};
}

void Net::check_training() const {
  if (!training_) throw Error("the net has no backward pass", "", "prepare() it for training");
}

void Net::check_images(const Batch& batch) const {
  check_prepared();
  if (batch.count < 1 || batch.whole() < 1 || batch.whole() > max_batch_)
    throw Error("a batch of " + std::to_string(std::min(batch.count, batch.whole())) + " images", Setting{"batch"},
                "the net is prepared for 1 to " + std::to_string(max_batch_));
  const Reducer& ranks = runtime_->reducer();
  const Slice slice = slice_of(batch.whole(), ranks.rank(), ranks.ranks());
  if (batch.first != slice.first || batch.count != slice.count)
    throw Error("not the images of rank " + std::to_string(ranks.rank()), Setting{"batch"}, "give it its slice (core/slice.h)");
  if (int64_t{batch.count} * h_ * w_ * c_ > static_cast<int64_t>(batch.images.size()))
    throw Error("a batch of fewer pixels than its images have", "", "images are [count][h][w][c]");
}

void Net::check_batch(const Batch& batch) const {
  check_images(batch);
  const auto count = static_cast<size_t>(batch.count);
  const auto check_labels = [&](const std::vector<int32_t>& labels) {
    if (labels.size() < count) throw Error("a batch of fewer labels than images", "", "labels are [count]");
    for (size_t i = 0; i < count; ++i)
      if (labels[i] < 0 || labels[i] >= classes_)
        throw Error("the label " + std::to_string(labels[i]) + " is no class", "",
                    "labels are 0 .. " + std::to_string(classes_ - 1));
  };
  check_labels(batch.labels);
  if (batch.other_labels.empty()) return;
  check_labels(batch.other_labels);
  if (batch.other_shares.size() < count) throw Error("a batch of fewer shares than images", "", "other_shares are [count]");
  for (size_t i = 0; i < count; ++i)
    if (batch.other_shares[i] < 0 || batch.other_shares[i] > 256)
      throw Error("a share of " + std::to_string(batch.other_shares[i]) + " / 2^8", "", "other_shares are 0 .. 256");
}

LayerContext Net::context(const Batch& batch) {
  check_images(batch);
  input_->data = batch.images.data();
  const auto first = static_cast<uint32_t>(batch.first);
  return {
      runtime_->kernels(), runtime_->pool(), runtime_->reducer(), batch.count, batch.whole(), first, 0, 0, widths_, 0, profile_};
}

void Net::check_prepared() const {
  if (!runtime_) throw Error("the net has no memory yet", "", "call prepare() first");
}

void Net::forward(const Batch& batch) {
  check_training();
  LayerContext c = context(batch);
  c.statistics = statistics_;
  c.tensors = tensor_sink_;
  for (const auto& layer : layers_) {
    c.reducer.set_place(layer->name().c_str(), "forward");
    layer->forward(c);
  }
  c.reducer.set_place(nullptr, nullptr);
}

void Net::evaluate(const Batch& batch) {
  LayerContext c = context(batch);
  c.tensors = tensor_sink_;
  for (const auto& layer : layers_) layer->evaluate(c);
}

// A layer of the caller's that reads the value may have passed no error on. That of a stream is also written by whoever made it.
static void check_error(const Value& v) {
  if (v.kind == Value::Kind::kStream || v.error == nullptr || v.error->written) return;
  throw Error("what reads the output of layer " + v.name + " has given it no error", "",
              "a layer's backward() sums into the error of its input where that has one (nn/layer.h)");
}

void Net::backward(const Batch& batch, uint64_t seed, uint32_t step, GradientSink* sink) {
  check_training();
  if (sink == nullptr && !keep_gradients_)
    throw Error("the gradients go nowhere", "", "give backward() a sink, or call keep_gradients() before prepare()");
  check_batch(batch);
  LayerContext c = context(batch);
  c.seed = seed;
  c.step = step;
  c.gradients = sink;
  c.statistics = statistics_;
  c.tensors = tensor_sink_;
  for (const auto& v : values_)
    if (v->error != nullptr) v->error->written = v->error->top_begun = false;
  const bool mixed = !batch.other_labels.empty();
  head_->set_labels(batch.labels.data(), mixed ? batch.other_labels.data() : nullptr,
                    mixed ? batch.other_shares.data() : nullptr);
  try {
    go_backward(c);
  } catch (...) {
    // What is under way lies in the memory of this net, which may end before the reducer.
    runtime_->reducer().give_up();
    throw;
  }
}

void Net::go_backward(LayerContext& c) {
  // Parameters may have been frozen since they were planned.
  const int lowest = std::max(lowest_, lowest_learning());
  auto value = values_.rbegin();  // in the order of their producers
  for (auto i = static_cast<int64_t>(layers_.size()) - 1; i >= lowest; --i) {
    for (; value != values_.rend() && (*value)->producer >= i; ++value) check_error(**value);
    c.layer_number = static_cast<uint32_t>(i);
    c.ends_pass = i == lowest;
    c.reducer.set_place(layers_[static_cast<size_t>(i)]->name().c_str(), "backward");
    layers_[static_cast<size_t>(i)]->backward(c);
    if (c.gradients != nullptr) c.gradients->layer_done();
  }
  if (c.gradients != nullptr) c.gradients->pass_done();
  c.reducer.set_place(nullptr, nullptr);
}

void Net::describe(GraphSink& sink) {
  check_prepared();
  for (const auto& layer : layers_) layer->describe(sink);
}

const int32_t* Net::logits() const { return head_->logits(); }
int Net::logits_exp() const { return head_->exp(); }
const std::string& Net::head_name() const { return head_->name(); }

int64_t Net::parameter_count() const {
  int64_t n = 0;
  for (const Parameter* p : parameters_) n += p->count();
  return n;
}

// What the optimizer clamps a stored parameter to.
int32_t Net::master_most(const Parameter& p) const {
  const int coarse = 32 - widths_.w_stored;
  return widths_.constant_g ? ops::wageubn_most(p.is_weight(), coarse) : ops::sgd_most(coarse);
}

// How far the exponent of a momentum can come. By docs/contract.md, section 7, e_m' >= top - 40 >= e_g - 39; and m' 2^e_m' is a sum of G's and
// lambda W's that shrink by 1023 / 1024 a step, so e_m' <= max(e_g + 63, 7) + 11. The exponent e_g of a gradient is that of the loss's error,
// -30 - floor(log2 images of a step) - logit shift = -30 - 32 - 16 .. -30, plus what each layer of the backward pass adds: the products e_w = -24
// .. 0 and up to 32 bits of a sum, batch norm T - 38 - e_x - e_w = -34 .. 25, E2 its shift, up to 29, and several batches a step once up to 62, at
// most 123 together. Without the layers that is from -78 - 39 = -117 to -30 + 63 + 11 = 44: |e_m| < 128 (layers + 1). The exponents and shifts in
// ops/sgd_momentum are sums of a few of these: with fewer than 2^20 layers they are far from overflowing.
static constexpr int64_t kExponentsALayer = 128;

std::vector<StateArray> Net::state() {
  std::vector<StateArray> list;
  const int64_t momentum_most = quantize_limit(widths_.momentum);
  const int64_t exp_most = kExponentsALayer * (static_cast<int64_t>(layers_.size()) + 1);
  for (Parameter* p : parameters_) {
    const int64_t most = master_most(*p);
    list.push_back(
        {p->name, ElementType::kS32, p->count(), p->master.data(), -most, most, StateRole::kParameter, 32 - widths_.w_stored});
    if (!p->momentum.empty()) {
      list.push_back({p->name + ".momentum", ElementType::kS16, p->count(), p->momentum.data(), -momentum_most, momentum_most,
                      StateRole::kOptimizer});
      list.push_back(
          {p->name + ".momentum_exp", ElementType::kS32, 1, &p->momentum_exp, -exp_most, exp_most, StateRole::kOptimizer});
    }
    if (!p->average.empty())
      list.push_back({p->name + ".average", ElementType::kS32, p->count(), p->average.data(), -most, most, StateRole::kAverage});
  }
  for (const auto& layer : layers_) layer->state(list);
  for (const AveragedStatistic& s : averages_)
    list.push_back(
        {s.now.name + ".average", ElementType::kS64, s.now.count, s.average, s.now.least, s.now.most, StateRole::kAverage});
  return list;
}

}  // namespace intrain
