#include "train/training.h"

#include <algorithm>

#include "core/error.h"
#include "isa/isa.h"
#include "ops/sgd_momentum/wageubn.h"
#include "settings/scalar10.h"
#include "train/average_in_use.h"
#include "train/data_fingerprint.h"
#include "train/fit.h"
#include "train/over_ranks.h"
#include "train/run_length.h"
#include "train/trained_net.h"

namespace intrain {

namespace {

SgdStep sgd_of(const TrainConfig& config) {
  return {{},
          config.optimizer == "plain" ? Scalar10{}
                                      : to_fraction10(config.momentum, config.widths.constant_g ? ops::kWageubnMomentumLog2 : 10),
          to_scalar10(config.weight_decay),
          config.seed,
          0,
          config.widths.momentum,
          32 - config.widths.w_stored,
          config.widths.nearest_g,
          0,
          config.nesterov,
          config.decay == "weights",
          config.bias_lr_log2};
}

}  // namespace

Trainer::Training::Training(Parts parts, const DataSplits& data, const Checkpoint* resume)
    : parts_(std::move(parts)),
      config_(parts_.config),
      net_(parts_.net),
      data_(data),
      per_epoch_(data.train.count / config_.batch / config_.accumulate),
      schedule_(schedule_of(config_, per_epoch_)),
      sgd_(sgd_of(config_)),
      info_(make_info(config_, data, parts_.norm)),
      accumulated_(net_, config_.accumulate),
      statistics_(net_) {
  if (resume == nullptr) return;
  check_position(config_, data.train, *resume);
  const CheckpointInfo& from = resume->info;
  if (info_.normalization != from.normalization)
    refuse_data("the data has another mean or deviation of its pixels than that of the run", data.spec);
  step_ = info_.step = from.step;
  info_.epoch = from.epoch;
  is_other_length_ = is_other_length(from.config, config_);
  info_.best_hits = from.best_hits;
  info_.best_epoch = from.best_epoch;
  info_.test_count = from.test_count;
  if (from.data) info_.data = from.data;
  epoch_sum_ = {.count = from.epoch_count, .hits = from.epoch_hits, .loss = from.epoch_loss};
  restore_state(*resume, config_.model, net_.state());
  net_.quantize_parameters();
}

TrainingPlan Trainer::Training::plan() const {
  return {config_,
          data_.train.count,
          data_.test.count,
          per_epoch_,
          schedule_.total_steps,
          net_.parameter_count(),
          step_,
          isa_info(net_.runtime().isa()).name,
          {}};
}

const CheckpointInfo& Trainer::Training::info() {
  info_.step = step_;
  info_.epoch_count = epoch_sum_.count;
  info_.epoch_hits = epoch_sum_.hits;
  info_.epoch_loss = epoch_sum_.loss;
  return info_;
}

bool Trainer::Training::finished() const { return at_end(config_, info_); }

void Trainer::Training::begin_step() {
  sgd_.rate = rate_at(schedule_, step_);
  sgd_.step = static_cast<uint32_t>(step_);
  if (config_.widths.constant_g)
    sgd_.range_log2 = wageubn_range_log2(wageubn_phase(step_, schedule_.total_steps), config_.widths.g);
}

void Trainer::Training::end_step() {
  if (config_.average > 0) net_.update_average(config_.average, config_.seed, step_);
  ++step_;
}

Metrics Trainer::Training::measured(const Batch& batch) const {
  Metrics metrics = measure(net_.logits(), net_.logits_exp(), batch.count, net_.classes(), batch.labels.data());
  add_up(reducer(), metrics);
  return metrics;
}

Metrics Trainer::Training::step(const Batch& batch) {
  if (config_.accumulate != 1)
    throw Error("a step takes " + std::to_string(config_.accumulate) + " batches", Setting{"accumulate"},
                "train with fit(), or with one batch a step");
  if (step_ >= schedule_.total_steps)
    throw Error("all " + std::to_string(step_) + " steps are done", Setting{"epochs"}, "make a Trainer of more epochs");
  net_.check_batch(batch);
  begin_step();
  train_step(net_, batch, sgd_);
  end_step();
  info_.epoch = step_ / per_epoch_;
  return measured(batch);
}

Evaluation Trainer::Training::evaluate(const Dataset& set, const std::atomic<int>* stop) {
  if (set.h != net_.height() || set.w != net_.width() || set.c != net_.channels() || set.classes != net_.classes())
    throw Error("images or classes of another number than the net's", "", "give images like those that it was made for");
  check_images(set, "images");
  Loader loader(set, parts_.norm, evaluation_loader());
  const AverageInUse average(net_);
  return intrain::evaluate(net_, loader, stop, {}, views_of(config_));
}

}  // namespace intrain
