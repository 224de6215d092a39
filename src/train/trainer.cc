#include "train/trainer.h"

#include <chrono>
#include <cmath>
#include <memory>

#include "base/formats.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/reducer.h"
#include "data/loader.h"
#include "data/normalization.h"
#include "isa/isa.h"
#include "models/models.h"
#include "ops/kernels.h"
#include "optim/schedule.h"
#include "train/run_folder.h"
#include "train/signature.h"
#include "train/step.h"

namespace intrain {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void check_fit(const TrainConfig& config, const Dataset& train) {
  if (config.batch > train.count)
    throw Error(
        "a batch of " + std::to_string(config.batch) + " is more than the " + std::to_string(train.count) + " training images",
        "--batch", "choose a smaller batch");
  if (!config.mean.empty() && static_cast<int>(config.mean.size()) != train.c)
    throw Error(std::to_string(config.mean.size()) + " means for images of " + std::to_string(train.c) + " channels", "--mean",
                "give one for each channel");
  check_training_batch(config.batch, train.h, train.w);
  if (train.count / config.batch > INT32_MAX / int64_t{config.epochs})
    throw Error("more than 2^31 steps", "--epochs", "choose fewer epochs");
}

Normalization normalization_of(const TrainConfig& config, const Dataset& train) {
  if (config.mean.empty()) return make_normalization(train);
  const auto fixed = [](const std::vector<double>& shares) {
    std::vector<int64_t> values;
    for (const double share : shares) values.push_back(std::llrint(std::ldexp(share * 255, kNormalizationFraction)));
    return values;
  };
  return make_normalization(fixed(config.mean), fixed(config.deviation));
}

Schedule make_schedule(const TrainConfig& config, int64_t steps_per_epoch) {
  Schedule schedule;
  schedule.kind = config.schedule == "step"      ? ScheduleKind::kStep
                  : config.schedule == "wageubn" ? ScheduleKind::kWageubn
                                                 : ScheduleKind::kCosine;
  schedule.base = to_scalar10(config.lr);
  schedule.total_steps = config.epochs * steps_per_epoch;
  schedule.warmup_steps = config.warmup * steps_per_epoch;
  schedule.bits = config.widths.rate;
  schedule.fixed = config.widths.constant_g;
  return schedule;
}

CheckpointInfo make_info(const TrainConfig& config, const DataSplits& data, const Normalization& norm) {
  CheckpointInfo info;
  info.model = config.model;
  info.h = data.train.h;
  info.w = data.train.w;
  info.c = data.train.c;
  info.classes = data.train.classes;
  info.class_names = data.class_names;
  info.config = config;
  info.test_count = data.test.count;
  info.normalization.assign(norm.table[0], norm.table[0] + int64_t{256} * data.train.c);
  return info;
}

// One training, from a net just built to its result.
class Training {
 public:
  Training(const TrainConfig& config, const DataSplits& data, Net& net)
      : config_(config),
        net_(net),
        norm_(normalization_of(config, data.train)),
        train_loader_(data.train, norm_,
                      {config.batch, true, data.mirror, config.seed, 0, config.threads, config.augment == "standard"}),
        test_loader_(data.test, norm_, {config.batch, false, false, 0, 0, config.threads}),
        per_epoch_(train_loader_.steps_per_epoch()),
        schedule_(make_schedule(config, per_epoch_)),
        sgd_{{},
             to_fraction10(config.momentum, config.widths.constant_g ? ops::kWageubnMomentumLog2 : 10),
             to_scalar10(config.weight_decay),
             config.seed,
             0,
             config.widths.momentum,
             32 - config.widths.w_stored,
             config.widths.nearest_g},
        info_(make_info(config, data, norm_)),
        numbers_(config.widths) {}

  // Known only when the run folder is made.
  void set_out(const std::string& path) { config_.out = info_.config.out = path; }

  TrainingPlan plan(const DataSplits& data, const std::string& isa) const {
    return {config_, data.train.count, data.test.count, per_epoch_, schedule_.total_steps, net_.parameter_count(), isa};
  }

  // folder may be null.
  TrainResult run(RunFolder* folder, TrainObserver& observer) {
    TrainResult result;
    const Clock::time_point start = Clock::now();
    for (int epoch = 1; epoch <= config_.epochs; ++epoch) {
      EpochReport report{};
      report.epoch = epoch;
      train_epoch(report, folder, observer);
      const Clock::time_point evaluation_start = Clock::now();
      result.test = evaluate(net_, test_loader_);
      evaluation_seconds_ = seconds_since(evaluation_start);
      report.test_loss = result.test.metrics.mean_loss();
      report.test_accuracy = result.test.metrics.accuracy();
      report.best = note_best(result.test.metrics.hits, epoch);
      report.seconds = seconds_since(start);
      if (folder != nullptr) {
        if (report.best) folder->save_best(info_, net_.state());
        folder->add(report);
      }
      observer.on_epoch(report);
    }
    if (folder != nullptr) folder->save_final(info_, net_.state());
    result.signature = state_signature(net_.state(), step_);
    result.seconds = seconds_since(start);
    return result;
  }

 private:
  void train_epoch(EpochReport& report, RunFolder* folder, TrainObserver& observer) {
    Metrics sum;
    double seconds = 0;
    for (int64_t i = 0; i < per_epoch_; ++i) {
      const Clock::time_point start = Clock::now();
      const Batch& batch = train_loader_.next();
      sgd_.rate = rate_at(schedule_, step_);
      sgd_.step = static_cast<uint32_t>(step_);
      if (config_.widths.constant_g)
        sgd_.range_log2 = wageubn_range_log2(wageubn_phase(step_, schedule_.total_steps), config_.widths.g);
      const bool look = folder != nullptr && step_ % kNumbersEvery == 0;
      if (look) net_.set_tensor_sink(&numbers_);
      train_step(net_, batch, sgd_);
      ++step_;
      if (look) add_numbers(*folder);
      const Metrics metrics = measure(net_.logits(), net_.logits_exp(), batch.count, net_.classes(), batch.labels.data());
      const double step_seconds = seconds_since(start);
      sum += metrics;
      seconds += step_seconds;
      training_seconds_ += step_seconds;
      const StepReport step{step_,
                            schedule_.total_steps,
                            report.epoch,
                            metrics.mean_loss(),
                            metrics.accuracy(),
                            std::ldexp(sgd_.rate.mantissa, sgd_.rate.exp),
                            batch.count / step_seconds,
                            seconds_left(report.epoch)};
      if (folder != nullptr) folder->add(step);
      observer.on_step(step);
    }
    report.step = step_;
    report.train_loss = sum.mean_loss();
    report.train_accuracy = sum.accuracy();
    report.images_per_second = static_cast<double>(sum.count) / seconds;
  }

  void add_numbers(RunFolder& folder) {
    net_.set_tensor_sink(nullptr);
    int64_t stored_saturated = 0;
    for (const Parameter* p : net_.parameters()) {
      const int64_t most =
          config_.widths.constant_g ? ops::wageubn_most(p->is_weight(), sgd_.coarse) : ops::sgd_most(sgd_.coarse);
      for (const int32_t w : p->master) stored_saturated += magnitude(w) >= static_cast<uint64_t>(most);
    }
    folder.add(step_, numbers_.layers(), stored_saturated);
    numbers_.clear();
  }

  double seconds_left(int epoch) const {
    const double each = training_seconds_ / static_cast<double>(step_);
    // A forward pass is about a third of a step: the guess until an evaluation has been timed.
    const double evaluation =
        evaluation_seconds_ > 0 ? evaluation_seconds_ : each / 3 * static_cast<double>(test_loader_.steps_per_epoch());
    return each * static_cast<double>(schedule_.total_steps - step_) + evaluation * (config_.epochs - epoch + 1);
  }

  bool note_best(int64_t hits, int epoch) {
    info_.step = step_;
    info_.epoch = epoch;
    if (epoch > 1 && hits <= info_.best_hits) return false;
    info_.best_hits = hits;
    info_.best_epoch = epoch;
    return true;
  }

  TrainConfig config_;
  Net& net_;
  const Normalization norm_;
  Loader train_loader_, test_loader_;
  const int64_t per_epoch_;
  const Schedule schedule_;
  ops::SgdStep sgd_;
  CheckpointInfo info_;
  NumbersSink numbers_;
  int64_t step_ = 0;
  double training_seconds_ = 0, evaluation_seconds_ = 0;  // of all steps; of the last evaluation
};

}  // namespace

TrainResult train(const TrainConfig& config, const DataSplits& data, const TrainOptions& options) {
  validate(config);
  check_fit(config, data.train);
  const ops::Kernels kernels = ops::make_kernels(select_isa());
  const Dataset& images = data.train;
  Net net = options.build ? options.build(images.h, images.w, images.c, images.classes)
                          : build_model(config.model, config.net, images.h, images.w, images.c, images.classes);
  ThreadPool pool(config.threads);
  SingleProcess reducer;
  net.set_widths(config.widths);
  net.prepare(config.batch, true, kernels, pool, reducer);
  net.initialize(config.seed);

  Training training(config, data, net);
  // The folder last: what fails above leaves none.
  std::unique_ptr<RunFolder> folder;
  if (options.write_folder) {
    folder = std::make_unique<RunFolder>(config);
    training.set_out(folder->path());
  }
  TrainObserver silent;
  TrainObserver& observer = options.observer != nullptr ? *options.observer : silent;
  observer.on_start(training.plan(data, isa_info(kernels.isa).name));
  TrainResult result = training.run(folder.get(), observer);
  if (folder) {
    result.folder = folder->path();
    result.curve = folder->curve_path();
  }
  return result;
}

}  // namespace intrain
