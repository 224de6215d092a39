// What a net asks its memory plan for, beside its layers: parameters, values and their errors.
#include <algorithm>

#include "nn/net.h"

namespace intrain {

// Stored numbers and momentum live all the time, a gradient in the backward pass of its layer or, if they are kept, until the next one.
std::vector<Net::ParameterBuffers> Net::plan_parameters() {
  const int layers = static_cast<int>(layers_.size()), ever = 2 * layers + 1;
  std::vector<ParameterBuffers> buffers;
  for (int i = 0; i < layers; ++i)
    for (const Parameter* p : layer_parameters_[static_cast<size_t>(i)]) {
      const size_t n = static_cast<size_t>(p->count());
      ParameterBuffers& b = buffers.emplace_back();
      b.master = plan_.add(p->name, n * 4, 0, ever);
      if (!training_ || p->frozen) continue;
      if (keep_momentum_) b.momentum = plan_.add(p->name + ".momentum", n * 2, 0, ever);
      if (keep_average_) b.average = plan_.add(p->name + ".average", n * 4, 0, ever);
      const bool shared = runtime_->reducer().ranks() > 1 && !p->grad_reduced;
      const int made = 2 * layers - i, used = shared ? std::min(made + GradientSink::kLayersLater, ever) : made;
      b.narrow = p->fits_s32 && !shared && !keep_gradients_;
      b.grad = plan_.add(p->name + ".grad", n * (b.narrow ? 4 : 8), made, keep_gradients_ ? ever : used);
      if (shared) b.wire = plan_.add(p->name + ".wire", n * Parameter::kWireBytes, made, used);
    }
  return buffers;
}

// Values live until their last reader: a consumer's weight gradient or the producer's own ReLU mask, where these have a backward pass.
void Net::plan_values() {
  const int layers = static_cast<int>(layers_.size());
  for (const auto& v : values_) {
    if (v->kind != Value::Kind::kActivation && v->kind != Value::Kind::kSigned) continue;
    int last = v->last_consumer;
    if (training_ && std::max(v->producer, v->last_consumer) >= lowest_) last = 2 * layers - std::max(v->producer, lowest_);
    v->data_buffer =
        plan_.add(v->name + ".output", static_cast<size_t>(most_here_) * static_cast<size_t>(v->elements()), v->producer, last);
  }
}

// An error lives from its first contribution to the backward pass of the earliest producer that shares it.
void Net::plan_errors() {
  const int layers = static_cast<int>(layers_.size());
  const size_t batch = static_cast<size_t>(most_here_);
  for (const auto& v : values_)
    if (v->error != nullptr) v->error->buffer = -1;
  for (const auto& v : values_) {
    if (v->error == nullptr) continue;
    const int first = 2 * layers - v->last_consumer, last = 2 * layers - v->producer;
    Value::Gradient& e = *v->error;
    e.first = e.buffer == -1 ? first : std::min(e.first, first);
    e.last = e.buffer == -1 ? last : std::max(e.last, last);
    e.buffer = -2;
  }
  for (const auto& v : values_) {
    if (v->error == nullptr || v->error->buffer >= 0) continue;
    Value::Gradient& e = *v->error;
    e.buffer = plan_.add(v->name + ".error", batch * static_cast<size_t>(v->elements()) * 2, e.first, e.last);
    e.scale_buffer = plan_.add(v->name + ".error_scale", batch * 8, e.first, e.last);
  }
}

}  // namespace intrain
