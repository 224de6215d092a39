#include "exchange/firmware/firmware_plan.h"

#include <algorithm>

#include "core/error.h"
#include "core/hash.h"
#include "exchange/firmware/firmware_places.h"
#include "exchange/firmware/firmware_tables.h"
#include "micro/hash.h"

namespace intrain {

namespace {

bool in_a_layer_that_learns(const micro::Layer& layer, const Parameter& p) {
  const micro::Tensor& last = layer.beta;
  return layer.learns() && p.number >= layer.weight.number && p.number <= last.number;
}

bool learns(const FirmwarePlan& plan, const Parameter& p) {
  return std::any_of(plan.layers.begin(), plan.layers.end(),
                     [&](const micro::Layer& layer) { return in_a_layer_that_learns(layer, p); });
}

// The signature's hash of the tensors that stay and come first, so that the device need not hold them as they are stored.
micro::Constant hash_fixed(const Net& net, FirmwarePlan& plan) {
  micro::Hash hash;
  bool any = false;
  for (const Parameter* p : net.parameters()) {
    if (learns(plan, *p)) break;
    any = true;
    hash.add(p->name.data(), p->name.size());
    hash.add(p->master.data(), p->master.size_bytes());
  }
  return any ? FirmwareConstants(plan.constants).add(&hash, 1) : micro::kNone;
}

// What layers compute, whatever their parameters are.
void add_layers(const FirmwarePlan& plan, Hash64& hash) {
  for (const micro::Layer& layer : plan.layers) {
    const ConvShape& s = layer.shape;
    const MaxPoolShape& p = layer.pool;
    const int32_t numbers[] = {static_cast<int32_t>(layer.kind),
                               s.h,
                               s.w,
                               s.c,
                               s.k,
                               s.kh,
                               s.kw,
                               s.stride,
                               s.pad,
                               s.groups,
                               s.signed_src ? 1 : 0,
                               p.h,
                               p.w,
                               p.c,
                               p.size,
                               p.stride,
                               p.pad,
                               layer.in_exp,
                               layer.out_exp,
                               layer.top};
    hash.add(numbers, sizeof numbers);
  }
}

// Of the layers, all arrays' names and sizes, what stays of them, the input of each pixel, and what steps take beside the rate.
uint64_t identity(Net& net, const FirmwarePlan& plan, const SgdStep& step, std::span<const int8_t> table) {
  Hash64 hash;
  const auto add = [&](const auto& value) { hash.add(&value, sizeof value); };
  add_layers(plan, hash);
  hash.add(table.data(), table.size_bytes());
  for (const Parameter* p : net.parameters()) {
    const bool fixed = !learns(plan, *p);
    hash.add(p->name.data(), p->name.size());
    add(p->count());
    add(fixed);
    if (fixed) hash.add(p->master.data(), p->master.size_bytes());
  }
  for (const StateArray& a : net.state()) {
    if (a.type != ElementType::kS64) continue;
    hash.add(a.name.data(), a.name.size());
    hash.add(a.data, static_cast<size_t>(a.count * element_bytes(a.type)));
  }
  if (plan.net.learning_layers == 0) return hash.digest();
  for (const Scalar10& s : {step.mom, step.decay}) {
    add(s.mantissa);
    add(s.exp);
  }
  add(step.seed);
  return hash.digest();
}

void check_learning_layers(const Net& net, int learning_layers) {
  const int most = parameter_layers(net);
  if (learning_layers < 0 || learning_layers > most)
    throw Error("the last " + std::to_string(learning_layers) + " layers cannot learn", "",
                "the net has " + std::to_string(most) + " layers with parameters");
}

}  // namespace

micro::Net FirmwarePlan::runnable() const {
  micro::Net result = net;
  result.layers = layers.data();
  result.constants = constants.data();
  return result;
}

int parameter_layers(const Net& net) {
  return static_cast<int>(
      std::count_if(net.parameters().begin(), net.parameters().end(), [](const Parameter* p) { return p->is_weight(); }));
}

void freeze_for_device(Net& net, int learning_layers) {
  check_learning_layers(net, learning_layers);
  int fixed = parameter_layers(net) - learning_layers;
  for (Parameter* p : net.parameters()) {
    if (p->is_weight()) --fixed;  // the first tensor of each layer
    p->frozen = fixed >= 0;
  }
  net.freeze_statistics(true);
}

FirmwarePlan plan_firmware(Net& net, int learning_layers, const SgdStep& step, std::span<const int8_t> table) {
  if (!(net.widths() == Widths{}))
    throw Error("a net with other number formats than the default ones", Setting{"formats"},
                "firmware has the default formats only: train without `formats`");
  check_learning_layers(net, learning_layers);
  if (learning_layers > 0 && (step.nesterov || step.decay_weights || step.bias_rate_log2 != 0))
    throw Error(
        "firmware does not learn with this optimizer",
        Setting{step.nesterov        ? "nesterov"
                : step.decay_weights ? "decay"
                                     : "bias_lr_log2"},
        "train without `nesterov` and `bias_lr_log2` and with `decay` all, or take firmware that does not learn: --mode infer");
  FirmwarePlan plan;
  add_firmware_layers(net, learning_layers, plan);
  plan.net.layer_count = static_cast<int32_t>(plan.layers.size());
  plan.net.classes = net.classes();
  plan.net.learning_layers = learning_layers;
  plan.net.first_step = step;
  plan.net.hashed = micro::kNone;
  if (learning_layers > 0) {
    if (net.parameter_count() * 4 < static_cast<int64_t>(micro::Hash::kLeastBytes))
      throw Error("a net of " + std::to_string(net.parameter_count()) + " parameters", "",
                  "too small to have a signature on a device: take 61 or more");
    plan.net.hashed = hash_fixed(net, plan);
  }
  plan.net.identity = identity(net, plan, step, table);
  choose_firmware_places(net, plan);
  return plan;
}

}  // namespace intrain
