#include "exchange/firmware/device_net.h"

#include <charconv>

#include "core/error.h"
#include "models/models.h"
#include "settings/scalar10.h"

namespace intrain {

namespace {

Net build(const CheckpointInfo& info) { return build_model(info.model, info.config.net, info.h, info.w, info.c, info.classes); }

SgdStep step_of(const TrainConfig& config) {
  return {.rate = to_scalar10(config.lr),
          .mom = config.optimizer == "plain" ? Scalar10{} : to_fraction10(config.momentum),
          .decay = to_scalar10(config.weight_decay),
          .seed = config.seed,
          .step = 0,
          .nesterov = config.nesterov,
          .decay_weights = config.decay == "weights",
          .bias_rate_log2 = config.bias_lr_log2};
}

}  // namespace

DeviceNet::DeviceNet(const Checkpoint& checkpoint, int layers)
    : net(build(checkpoint.info)),
      step(step_of(checkpoint.info.config)),
      learning_layers(layers),
      table(checkpoint.info.normalization) {
  const CheckpointInfo& info = checkpoint.info;
  check_state(checkpoint, info.model, net.state());
  net.set_widths(info.config.widths);
  net.keep_momentum(info.config.optimizer != "plain");
  if (learning_layers > 0 && info.config.logit_shift > 0)
    throw Error("firmware does not learn with logits that are scaled", Setting{"logit_shift"},
                "train without, or take firmware that does not learn: --mode infer");
  net.set_logit_shift(info.config.logit_shift);
  if (learning_layers > 0) freeze_for_device(net, learning_layers);
  net.prepare(1, learning_layers > 0, std::make_shared<Runtime>(1));
  restore_for_transfer(checkpoint, info.model, net.state(), net.head_name(), true);
  net.quantize_parameters();
}

int learning_layers_of(const std::string& mode, const Checkpoint& checkpoint) {
  const int layers = parameter_layers(build(checkpoint.info));
  if (mode == "infer") return 0;
  if (mode == "head") return 1;
  if (mode == "full") return layers;
  constexpr std::string_view kLast = "last-";
  int last = 0;
  const char* const end = mode.data() + mode.size();
  if (mode.starts_with(kLast)) {
    const auto [at, failed] = std::from_chars(mode.data() + kLast.size(), end, last);
    if (failed != std::errc{} || at != end) last = 0;
  }
  if (last < 1 || last > layers)
    throw Error("'" + mode + "' is no mode of this net", "--mode",
                "infer, head, full, or last-1 to last-" + std::to_string(layers) + ", the layers with parameters that learn");
  return last;
}

FirmwareSubject firmware_subject(const CheckpointInfo& info, const std::string& title) {
  return {title, info.h, info.w, info.c, info.normalization};
}

}  // namespace intrain
