#include "train/trainer.h"

#include <algorithm>
#include <optional>

#include "checkpoint/checkpoint.h"
#include "checkpoint/signature.h"
#include "core/stop.h"
#include "models/models.h"
#include "train/fit.h"
#include "train/identity.h"
#include "train/over_ranks.h"
#include "train/run_length.h"
#include "train/trained_net.h"
#include "train/training.h"
#include "train/whiten.h"

namespace intrain {

namespace {

bool same_images(const Dataset& a, const Dataset& b) { return a.h == b.h && a.w == b.w && a.c == b.c && a.classes == b.classes; }

bool same_shape(const CheckpointInfo& info, const Dataset& images) {
  return info.h == images.h && info.w == images.w && info.c == images.c && info.classes == images.classes;
}

// The pixels' scaling: that of the checkpoint the net came from, or as the configuration says.
Normalization normalization_of(const TrainConfig& config, const Dataset& train, const Checkpoint* origin) {
  if (config.mean.empty() && origin != nullptr && origin->info.c == train.c) return normalization_of(*origin);
  return normalization_of(config, train);
}

void check_statistics(const TrainConfig& config, Net& net) {
  if (!config.freeze_statistics && !config.running_statistics) return;
  const std::vector<StateArray> state = net.state();
  if (std::none_of(state.begin(), state.end(), [](const StateArray& a) { return a.role == StateRole::kStatistic; }))
    throw Error("the net has no batch norm", Setting{config.freeze_statistics ? "freeze_statistics" : "running_statistics"},
                "leave it out");
}

}  // namespace

int64_t batches_before(const TrainConfig& config, int64_t train_count, int64_t step) {
  const int64_t batches = train_count / config.batch, steps = batches / config.accumulate;
  return step / steps * batches + step % steps * config.accumulate;
}

Trainer::Trainer(const TrainConfig& settings, const DataSplits& data, const TrainerOptions& options) {
  TrainConfig config = settings;
  validate(config);
  if (options.resume != nullptr) check_length(config, *options.resume);
  const Dataset& images = data.train;
  check_images(images, "training images");
  if (data.test.count != 0 || !data.test.labels.empty()) check_images(data.test, "test images");
  if (data.test.count == 0 && config.patience != 0)
    throw Error("there is nothing to evaluate on", Setting{"patience", std::to_string(config.patience)},
                "give test images, or no `patience`: it goes by their accuracy");
  if (!same_images(images, data.test))
    throw Error("training and test images of another size or number of classes", Setting{"data"}, "give both of one shape");
  check_fit(config, images);
  if (options.resume == nullptr || is_other_length(config, options.resume->info.config))
    check_schedule(config, images.count / config.batch / config.accumulate);
  check_augmentation_of(config, images, data.mirror);
  check_crop(config, images);
  check_crop(config, data.test);
  check_stop(options.stop);
  Net net = options.build ? options.build(images.h, images.w, images.c, images.classes)
                          : build_model(config.model, config.net, images.h, images.w, images.c, images.classes);
  // What does not fit is refused before the net takes memory; a layer of a user's may not know its state before that.
  const bool known = !options.build;
  const std::string head = net.head_name() + ".";
  const auto same_classes = [&](const CheckpointInfo& info) {
    return info.classes == images.classes && info.class_names == data.class_names;
  };
  if (options.resume == nullptr && known) check_statistics(config, net);
  if (const Checkpoint* from = options.resume; from != nullptr && known && same_shape(from->info, images))
    check_state(*from, config.model, net.state());
  // A run that goes on is past its beginning, but the pixels' scaling stays.
  const Checkpoint* begin = nullptr;
  std::optional<Checkpoint> begin_file;
  if (options.resume == nullptr && !config.init_from.empty()) {
    const auto check_known = [&](const Checkpoint& c) {
      if (known) check_transfer(c, config.model, net.state(), head, same_classes(c.info));
    };
    begin = options.begin;
    if (begin != nullptr)
      check_known(*begin);
    else
      begin = &begin_file.emplace(read_checkpoint(config.init_from, check_known));
  }
  net.set_widths(config.widths);
  net.keep_momentum(config.optimizer != "plain");
  net.keep_average(config.average > 0);
  net.recompute(config.recompute);
  freeze(config, net);
  net.prepare(config.batch, true, options.runtime ? options.runtime : std::make_shared<Runtime>(config.threads));
  set_label_smoothing(config, net);
  net.set_logit_shift(config.logit_shift);
  check_stop(options.stop);
  net.initialize(config.seed);
  check_stop(options.stop);
  if (begin != nullptr) {
    restore_for_transfer(*begin, config.model, net.state(), head, same_classes(begin->info));
    net.begin_average();
    net.quantize_parameters();
    if (config.border.empty()) {
      config.border = begin->info.config.border;
      check_augmentation_of(config, images, data.mirror);  // the images may be smaller than those that it knows
    }
  }
  const Checkpoint* origin = begin != nullptr ? begin : config.init_from.empty() ? nullptr : options.resume;
  const Normalization norm =
      options.images_are_gone ? normalization_of(*options.resume) : normalization_of(config, images, origin);
  if ((config.identity || config.whiten) && options.resume == nullptr && begin == nullptr) {
    if (config.identity) begin_with_identity(net);
    if (config.whiten) whiten_first_layer(net, images, norm, options.stop);
    net.begin_average();
    net.quantize_parameters();
  }
  check_stop(options.stop);
  training_ = std::make_unique<Training>(Training::Parts{std::move(config), std::move(net), norm}, data, options.resume);
  if (Reducer& reducer = this->net().runtime().reducer(); reducer.ranks() > 1)
    check_same_start(reducer, make_info(this->config(), data, normalization()),
                     state_signature(this->net().state(), steps_done()));
}

Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;

FitResult Trainer::fit(TrainObserver& observer, const std::atomic<int>* stop) { return training_->fit(observer, stop); }
Metrics Trainer::step(const Batch& batch) { return training_->step(batch); }
Evaluation Trainer::evaluate(const Dataset& set, const std::atomic<int>* stop) { return training_->evaluate(set, stop); }
Checkpoint Trainer::state() { return parse_checkpoint(checkpoint_bytes(training_->info(), net().state()), "memory"); }
Net& Trainer::net() { return training_->parts().net; }
const TrainConfig& Trainer::config() const { return training_->parts().config; }
const Normalization& Trainer::normalization() const { return training_->parts().norm; }
int64_t Trainer::steps_done() const { return training_->steps_done(); }
TrainingPlan Trainer::plan() const { return training_->plan(); }

}  // namespace intrain
