#include "exchange/firmware/firmware_places.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/formats.h"
#include "core/check.h"
#include "core/error.h"
#include "exchange/firmware/firmware_tables.h"
#include "nn/memory_plan.h"

namespace intrain {

namespace {

using micro::LayerKind;

bool has_product(const micro::Layer& layer) { return layer.kind < LayerKind::kMaxPool; }
size_t out_elements(const micro::Layer& layer) {
  if (layer.kind == LayerKind::kAveragePool) return static_cast<size_t>(layer.shape.c);
  if (layer.kind == LayerKind::kMaxPool)
    return static_cast<size_t>(layer.pool.oh()) * static_cast<size_t>(layer.pool.ow() * layer.pool.c);
  return static_cast<size_t>(layer.shape.dst_pixels() * layer.shape.k);
}
size_t in_elements(const micro::Layer& layer) { return static_cast<size_t>(layer.shape.src_pixels() * layer.shape.c); }

// Layer i of L runs forward at the time i. Backward it runs at two: until its input's error is there, which takes W, the outputs and their errors;
// and from there on, for the gradients of its parameters, of which those of the weights are the largest array of a step. Last comes the time
// between two steps.
class Places {
 public:
  Places(FirmwarePlan& plan) : plan_(plan), layers_(static_cast<int>(plan.layers.size())) {
    const auto learns = [](const micro::Layer& layer) { return layer.learns(); };
    lowest_ = static_cast<int>(std::find_if(plan.layers.begin(), plan.layers.end(), learns) - plan.layers.begin());
  }

  void choose(size_t inputs) {
    const size_t state_bytes = place_state();
    if (state_bytes > 0) state_ = memory_.add("", state_bytes, 0, between_steps());
    add(plan_.net.input, inputs, 0, lowest_ == 0 ? gradient_time(0) : 0);
    for (int i = 0; i < layers_; ++i) {
      micro::Layer& layer = plan_.layers[static_cast<size_t>(i)];
      add_values(layer, i);
      add_forward(layer, i);
      if (i >= lowest_) add_backward(layer, i);
    }
    memory_.pack();
    // Offsets have 32 bits, and so have sizes in the firmware.
    if (memory_.total_bytes() > INT32_MAX || plan_.constants.size() > INT32_MAX)
      throw Error("firmware of " + std::to_string(plan_.constants.size()) + " bytes of constants and " +
                      std::to_string(memory_.total_bytes()) + " of memory",
                  "", "its addresses have 32 bits: take a smaller net");
    for (const auto& [place, buffer] : wanted_)
      *place = static_cast<micro::Place>(memory_.buffers()[static_cast<size_t>(buffer)].offset);
    CHECK_TRUE(state_ < 0 || memory_.buffers()[static_cast<size_t>(state_)].offset == 0);
    for (int i = 0; i < layers_; ++i) {
      micro::Layer& layer = plan_.layers[static_cast<size_t>(i)];
      layer.in = i == 0 ? plan_.net.input : (&layer)[-1].out;
      if (i > lowest_) layer.in_error = (&layer)[-1].out_error;
    }
    plan_.net.state_bytes = static_cast<uint32_t>(state_bytes);
    plan_.net.arena_bytes = static_cast<uint32_t>(memory_.total_bytes());
  }

 private:
  int error_time(int i) const { return layers_ + 2 * (layers_ - 1 - i); }
  int gradient_time(int i) const { return error_time(i) + 1; }
  int between_steps() const { return 3 * layers_; }

  void add(micro::Place& place, size_t bytes, int first, int last) {
    wanted_.emplace_back(&place, memory_.add("", bytes, first, last));
  }

  // Side by side at the beginning of the arena, so that a saved state is one block. Returns its bytes.
  size_t place_state() {
    size_t at = sizeof(micro::Progress);
    const auto take = [&](micro::Place& place, size_t bytes) {
      place = static_cast<micro::Place>(at);
      at += (bytes + kFirmwareAlignment - 1) / kFirmwareAlignment * kFirmwareAlignment;
    };
    for (micro::Layer& layer : plan_.layers)
      for (micro::Tensor* t : {&layer.weight, &layer.gamma, &layer.beta})
        if (t->count > 0) {
          const size_t count = static_cast<size_t>(t->count);
          take(t->master, count * 4);
          if (t->momentum == micro::kNone) continue;
          take(t->momentum, count * 2);
          take(t->momentum_exp, 4);
        }
    return lowest_ < layers_ ? at : 0;
  }

  // Values live until their last reader, which is the ReLU of their own layer where that has a backward pass.
  void add_values(micro::Layer& layer, int i) {
    const size_t count = out_elements(layer);
    const bool logits = layer.kind == LayerKind::kLogits, back = i >= lowest_;
    // The lowest layer that learns reads its input again.
    const int last = logits ? between_steps() : back ? error_time(i) : i + 1 == lowest_ ? gradient_time(lowest_) : i + 1;
    add(layer.out, count * (logits ? 4 : 1), i, last);
    if (layer.kind == LayerKind::kMaxPool || (back && layer.kind == LayerKind::kConvNorm))
      add(layer.kept, count, i, back ? error_time(i) : i);
    if (back && !logits) add(layer.out_error, sizeof(micro::Error) + count * 2, error_time(i + 1), error_time(i));
  }

  // What micro::parameters_of makes.
  void add_parameters(const micro::Layer& layer, micro::Scratch& s, int time) {
    const size_t channels = static_cast<size_t>(layer.shape.k);
    add(s.weight8, static_cast<size_t>(layer.shape.weights()), time, time);
    if (layer.kind != LayerKind::kConvNorm) return add(s.bias, channels * 4, time, time);
    for (micro::Place* p : {&s.stage, &s.mult, &s.offset, &s.f_shift, &s.sigma}) add(*p, channels * 4, time, time);
    for (micro::Place* p : {&s.gamma, &s.beta}) add(*p, channels, time, time);
  }
  void add_forward(micro::Layer& layer, int time) {
    if (!has_product(layer)) return;
    micro::Scratch& s = layer.forward;
    if (layer.kind != LayerKind::kLogits) add(s.sums, out_elements(layer) * 4, time, time);
    if (layer.kind == LayerKind::kConvNorm) add(s.staged, out_elements(layer) * 2, time, time);
    if (layer.learns()) add_parameters(layer, s, time);
  }
  void add_backward(micro::Layer& layer, int i) {
    const int time = error_time(i), last = gradient_time(i);
    const bool logits = layer.kind == LayerKind::kLogits;
    const size_t channels = static_cast<size_t>(layer.shape.k);
    micro::Scratch& s = layer.backward;
    if (layer.kind == LayerKind::kAveragePool) return;
    // Of the errors of the input, if it has any, and of the logits.
    const size_t sums = std::max(i > lowest_ ? in_elements(layer) : 0, logits ? channels : 0);
    if (sums > 0) add(s.sums, sums * 4, time, time);
    if (!has_product(layer)) return;
    add_parameters(layer, s, time);
    CHECK_LE(layer.shape.dst_pixels(), kMaxReduction);  // the weights' gradient is in s32
    add(s.error8, out_elements(layer), time, last);
    add(s.grad, std::max(static_cast<size_t>(layer.shape.weights()), channels) * 4, last, last);
    if (layer.kind != LayerKind::kConvNorm) return;
    for (micro::Place* p : {&s.k, &s.b, &s.a}) add(*p, channels * 4, time, time);
    add(s.channel_sums, channels * 16, time, last);
  }

  FirmwarePlan& plan_;
  int layers_, lowest_;  // of those that learn; as many as there are layers if none does
  int state_ = -1;
  MemoryPlan memory_{kFirmwareAlignment};
  std::vector<std::pair<micro::Place*, int>> wanted_;
};

}  // namespace

void choose_firmware_places(const Net& net, FirmwarePlan& plan) {
  Places(plan).choose(static_cast<size_t>(net.height()) * static_cast<size_t>(net.width() * net.channels()));
}

}  // namespace intrain
