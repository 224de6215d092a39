#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>

#include "base/formats.h"
#include "checkpoint/signature.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/reducer.h"
#include "core/shell.h"
#include "core/version.h"
#include "data/loader.h"
#include "isa/isa.h"
#include "models/models.h"
#include "ops/kernels.h"
#include "runs/photo_list.h"
#include "runs/run_data.h"
#include "runs/run_folder.h"
#include "settings/crop.h"
#include "train/run_length.h"
#include "train/statistics_copy.h"
#include "train/step.h"
#include "train/trained_net.h"

namespace intrain {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void check_fit(const TrainConfig& config, const Dataset& train) {
  if (config.batch > train.count)
    throw Error(
        "a batch of " + std::to_string(config.batch) + " is more than the " + std::to_string(train.count) + " training images",
        "--batch", "choose a smaller batch");
  if (train.count / config.batch < config.accumulate)
    throw Error(
        fmt::format("{} batches of {} are more than the {} training images", config.accumulate, config.batch, train.count),
        "--accumulate", "choose fewer or smaller batches");
  if (train.count / config.batch > INT32_MAX / int64_t{config.epochs})
    throw Error("more than 2^31 steps", "--epochs", "choose fewer epochs");
}

// The pixels' scaling: that of the checkpoint the net came from, or as the configuration says.
Normalization normalization_of(const TrainConfig& config, const Dataset& train, const Checkpoint* origin) {
  if (config.mean.empty() && origin != nullptr && origin->info.c == train.c) {
    Normalization norm = {};
    std::copy(origin->info.normalization.begin(), origin->info.normalization.end(), norm.table[0]);
    return norm;
  }
  return normalization_of(config, train);
}

void check_position(const TrainConfig& config, const Dataset& train, const Checkpoint& from) {
  const int64_t per_epoch = train.count / config.batch / config.accumulate, step = from.info.step, epoch = from.info.epoch;
  if (epoch > config.epochs || step < epoch * per_epoch || step > (epoch + 1) * per_epoch)
    throw Error(fmt::format("step {} is none of epoch {} of {}", step, epoch + 1, config.epochs), from.path,
                "the checkpoint is of another run: give the folder as the run left it");
}

// Where the loading and the settings say different things of the photos' windows.
void check_crop(const TrainConfig& config, const Dataset& set) {
  if (!set.files.empty() && set.crop_q16 != crop_of(config))
    throw Error("the photos were loaded with another crop than that of the configuration", "--crop",
                "load them with the option crop_q16 = crop_of(config)");
}

// What a loader could not load: the net's state is that after the step before.
struct LoadFailure {
  Error error;
};

const Batch& next_batch(Loader& loader) {
  try {
    return loader.next();
  } catch (const Error& e) {
    throw LoadFailure{e};
  } catch (const std::bad_alloc&) {
    throw LoadFailure{Error("out of memory", "--batch", "")};
  }
}

// One training, from a net just built, or from a checkpoint, to its result.
class Training {
 public:
  Training(const TrainConfig& config, const DataSplits& data, Net& net, const Normalization& norm, const TrainOptions& options)
      : config_(config),
        net_(net),
        stop_(options.stop),
        step_(options.resume != nullptr ? options.resume->info.step : 0),
        first_step_(step_),
        train_count_(data.train.count),
        norm_(norm),
        per_epoch_(data.train.count / config.batch / config.accumulate),
        train_loader_(data.train, norm_,
                      {.batch = config.batch,
                       .training = true,
                       .mirror = data.mirror,
                       .seed = config.seed,
                       .first_step = batches_before(step_),
                       .threads = config.threads,
                       .augment = config.augment == "standard",
                       .balance = config.balance,
                       .black_border = config.border == "black"}),
        test_loader_(data.test, norm_, {config.batch, false, false, 0, 0, config.threads}),
        schedule_(schedule_of(config, per_epoch_)),
        sgd_{{},
             to_fraction10(config.momentum, config.widths.constant_g ? ops::kWageubnMomentumLog2 : 10),
             to_scalar10(config.weight_decay),
             config.seed,
             0,
             config.widths.momentum,
             32 - config.widths.w_stored,
             config.widths.nearest_g},
        info_(make_info(config, data, norm_)),
        numbers_(config.widths),
        accumulated_(net, config.accumulate),
        statistics_(net) {
    if (options.resume == nullptr) return;
    check_position(config, data.train, *options.resume);
    const CheckpointInfo& from = options.resume->info;
    if (info_.normalization != from.normalization)
      refuse_data("the data has another mean or deviation of its pixels than that of the run", data.spec);
    info_.step = from.step;
    info_.epoch = from.epoch;
    is_other_length_ = from.config.epochs != config.epochs || from.config.patience != config.patience;
    info_.best_hits = from.best_hits;
    info_.best_epoch = from.best_epoch;
    info_.test_count = from.test_count;
    if (from.data) info_.data = from.data;
    epoch_sum_ = {.count = from.epoch_count, .hits = from.epoch_hits, .loss = from.epoch_loss};
    restore_state(*options.resume, config.model, net.state());
    net.quantize_parameters();
  }

  // Known only when the run folder is made.
  void set_out(const std::string& path) { config_.out = info_.config.out = path; }

  TrainingPlan plan(const DataSplits& data, const std::string& isa) const {
    return {
        config_, data.train.count, data.test.count, per_epoch_, schedule_.total_steps, net_.parameter_count(), first_step_, isa,
        {}};
  }

  // folder may be null.
  TrainResult run(RunFolder* folder, TrainObserver& observer) {
    TrainResult result;
    start_ = Clock::now();
    if (folder != nullptr) {
      earlier_seconds_ = folder->earlier_seconds();
      epoch_seconds_ = folder->earlier_epoch_seconds();
      if (is_other_length_) folder->set_config(config_);
      if (step_ == 0 || is_other_length_) save(*folder);  // what can be gone on with from the first moment on
    }
    try {
      if (finished()) {  // a run that goes on after its end
        result.test = evaluate_now();
        result.stopped = stopping();
      }
      while (!finished() && !result.stopped) {
        const int epoch = static_cast<int>(info_.epoch) + 1;
        train_epoch(epoch, folder, observer);
        const Evaluation test = evaluate_now();
        result.stopped = stopping();
        if (result.stopped) {
          if (folder != nullptr) save(*folder);
        } else {
          result.test = test;
          end_epoch(epoch, test.metrics, folder, observer);
        }
      }
    } catch (const LoadFailure& failure) {
      save_and_throw(failure.error, folder);
    }
    result.step = step_;
    result.signature = state_signature(net_.state(), step_);
    result.seconds = seconds();
    return result;
  }

 private:
  bool finished() const { return at_end(config_, info_); }
  bool stopping() const { return stop_ != nullptr && *stop_ != 0; }
  double seconds() const { return earlier_seconds_ + seconds_since(start_); }

  Evaluation evaluate_now() {
    const Clock::time_point start = Clock::now();
    try {
      Evaluation test = evaluate(net_, test_loader_, stop_);
      evaluation_seconds_ = seconds_since(start);
      return test;
    } catch (const Error& e) {
      throw LoadFailure{e};
    }
  }

  // folder may be null.
  [[noreturn]] void save_and_throw(const Error& e, RunFolder* folder) {
    if (folder == nullptr || finished()) throw e;
    save(*folder);
    throw Error(fmt::format("{}; the run is saved after step {}", e.what(), step_), e.where,
                fmt::format("go on, with what it misses put back or without it: intrain train {}",
                            shell_flag("--resume", folder->path())));
  }

  // What is left of the epoch, or up to a stop.
  void train_epoch(int epoch, RunFolder* folder, TrainObserver& observer) {
    const int64_t end = epoch * per_epoch_;
    while (step_ < end && !stopping()) {
      const Clock::time_point start = Clock::now();
      sgd_.rate = rate_at(schedule_, step_);
      sgd_.step = static_cast<uint32_t>(step_);
      if (config_.widths.constant_g)
        sgd_.range_log2 = wageubn_range_log2(wageubn_phase(step_, schedule_.total_steps), config_.widths.g);
      const bool look = folder != nullptr && step_ % kNumbersEvery == 0;
      if (look) look_at_numbers();
      const Metrics metrics = config_.accumulate == 1 ? step_on(next_batch(train_loader_)) : step_on_several();
      ++step_;
      if (look) add_numbers(*folder);
      const double step_seconds = seconds_since(start);
      epoch_sum_ += metrics;
      epoch_seconds_ += step_seconds;
      training_seconds_ += step_seconds;
      const StepReport report{step_,
                              schedule_.total_steps,
                              epoch,
                              metrics.mean_loss(),
                              metrics.accuracy(),
                              std::ldexp(sgd_.rate.mantissa, sgd_.rate.exp),
                              static_cast<double>(metrics.count) / step_seconds,
                              seconds_left(epoch)};
      if (folder != nullptr) {
        folder->add(report);
        if (config_.save_every > 0 && step_ % config_.save_every == 0 && step_ < end) save(*folder);
      }
      observer.on_step(report);
    }
  }

  void look_at_numbers() {
    if (config_.widths.constant_g) numbers_.set_gradient_bits(sgd_.range_log2 + 1);
    net_.set_tensor_sink(&numbers_);
  }

  Metrics measured(const Batch& batch) const {
    return measure(net_.logits(), net_.logits_exp(), batch.count, net_.classes(), batch.labels.data());
  }

  Metrics step_on(const Batch& batch) {
    train_step(net_, batch, sgd_);
    return measured(batch);
  }

  Metrics step_on_several() {
    Metrics sum;
    const int64_t first = batches_before(step_);
    statistics_.take();
    try {
      for (int64_t i = 0; i < config_.accumulate; ++i) {
        const Batch& batch = next_batch(train_loader_);
        accumulated_.add(batch, config_.seed, static_cast<uint32_t>(first + i));
        sum += measured(batch);
      }
      // What does not fill a step at an epoch's end is left out; before the update, for a photo that went lost there leaves the step undone.
      for (int64_t next = first + config_.accumulate; next < batches_before(step_ + 1); ++next) next_batch(train_loader_);
    } catch (const LoadFailure&) {
      statistics_.put_back();  // of a step that is done again
      throw;
    }
    accumulated_.update(sgd_);
    return sum;
  }

  int64_t batches_before(int64_t step) const { return intrain::batches_before(config_, train_count_, step); }

  void end_epoch(int epoch, const Metrics& test, RunFolder* folder, TrainObserver& observer) {
    EpochReport report{};
    report.epoch = epoch;
    report.step = step_;
    report.train_loss = epoch_sum_.mean_loss();
    report.train_accuracy = epoch_sum_.accuracy();
    report.test_loss = test.mean_loss();
    report.test_accuracy = test.accuracy();
    // As shares: test photos that went lost between are missing of the one or the other.
    report.best = epoch == 1 || test.hits * info_.test_count > info_.best_hits * test.count;
    report.images_per_second = static_cast<double>(epoch_sum_.count) / epoch_seconds_;
    report.seconds = seconds();
    epoch_sum_ = {};
    epoch_seconds_ = 0;
    info_.epoch = epoch;
    if (report.best) {
      info_.best_hits = test.hits;
      info_.test_count = test.count;
      info_.best_epoch = epoch;
    }
    if (folder != nullptr) {
      folder->add(report, net_.parameters());
      save(*folder, report.best);
    }
    observer.on_epoch(report);
  }

  // After an epoch: also as the best one, or as the last.
  void save(RunFolder& folder, bool best = false) {
    info_.step = step_;
    info_.epoch_count = epoch_sum_.count;
    info_.epoch_hits = epoch_sum_.hits;
    info_.epoch_loss = epoch_sum_.loss;
    // The newest first: where the best one is, another is that is as new.
    if (!finished()) folder.save(info_, net_.state());
    if (best) folder.save_best(info_, net_.state());
    if (finished()) folder.save_final(info_, net_.state());
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
    const double each = training_seconds_ / static_cast<double>(step_ - first_step_);
    // A forward pass is about a third of a step: the guess until an evaluation has been timed.
    const double evaluation =
        evaluation_seconds_ > 0 ? evaluation_seconds_ : each / 3 * static_cast<double>(test_loader_.steps_per_epoch());
    return each * static_cast<double>(schedule_.total_steps - step_) + evaluation * (config_.epochs - epoch + 1);
  }

  TrainConfig config_;
  Net& net_;
  const std::atomic<int>* const stop_;
  int64_t step_;  // done
  const int64_t first_step_, train_count_;
  const Normalization norm_;
  const int64_t per_epoch_;  // steps
  Loader train_loader_, test_loader_;
  const Schedule schedule_;
  ops::SgdStep sgd_;
  CheckpointInfo info_;
  NumbersSink numbers_;
  AccumulatedStep accumulated_;
  StatisticsCopy statistics_;
  Clock::time_point start_;
  bool is_other_length_ = false;                          // than that of the run that goes on
  double earlier_seconds_ = 0;                            // before a stop
  double training_seconds_ = 0, evaluation_seconds_ = 0;  // of all steps here; of the last evaluation
  // Of the epoch so far.
  Metrics epoch_sum_;
  double epoch_seconds_ = 0;
};

}  // namespace

int64_t batches_before(const TrainConfig& config, int64_t train_count, int64_t step) {
  const int64_t batches = train_count / config.batch, steps = batches / config.accumulate;
  return step / steps * batches + step % steps * config.accumulate;
}

TrainResult train(const TrainConfig& settings, const DataSplits& given, const TrainOptions& options) {
  TrainConfig config = settings;
  validate(config);
  if (options.resume != nullptr) check_length(config, *options.resume);
  const RunData run_data = options.resume != nullptr ? RunData(given, *options.resume, config.out) : RunData(given);
  const DataSplits& data = run_data.splits();
  TrainObserver silent;
  TrainObserver& observer = options.observer != nullptr ? *options.observer : silent;
  check_fit(config, data.train);
  check_crop(config, data.train);
  check_crop(config, data.test);
  const ops::Kernels kernels = ops::make_kernels(select_isa());
  const Dataset& images = data.train;
  Net net = options.build ? options.build(images.h, images.w, images.c, images.classes)
                          : build_model(config.model, config.net, images.h, images.w, images.c, images.classes);
  // What does not fit is refused before the net takes memory; a layer of a user's may not know its state before that.
  const bool known = !options.build;
  const std::string head = net.head_name() + ".";
  const auto same_classes = [&](const CheckpointInfo& info) {
    return info.classes == images.classes && info.class_names == data.class_names;
  };
  // A run that goes on is past its beginning, but the pixels' scaling stays.
  std::optional<Checkpoint> begin;
  if (const Checkpoint* from = options.resume; from != nullptr && known && from->info.h == images.h && from->info.w == images.w &&
                                               from->info.c == images.c && from->info.classes == images.classes)
    check_state(*from, config.model, net.state());
  if (options.resume == nullptr && !config.init_from.empty())
    begin = read_checkpoint(config.init_from, [&](const Checkpoint& c) {
      if (known) check_transfer(c, config.model, net.state(), head, same_classes(c.info));
    });
  ThreadPool pool(config.threads);
  SingleProcess reducer;
  net.set_widths(config.widths);
  net.prepare(config.batch, true, kernels, pool, reducer);
  set_label_smoothing(config, net);
  net.initialize(config.seed);
  freeze(config, net);
  if (begin) {
    restore_for_transfer(*begin, config.model, net.state(), head, same_classes(begin->info));
    net.quantize_parameters();
    if (config.border.empty()) config.border = begin->info.config.border;
  }

  const Normalization norm = run_data.scaling_is_known() ? normalization_of(config, data.train,
                                                                            begin                      ? &*begin
                                                                            : config.init_from.empty() ? nullptr
                                                                                                       : options.resume)
                                                         : normalization_of(*options.resume);
  Training training(config, data, net, norm, options);
  observer.on_ready();
  // The folder last: what fails above leaves none.
  std::unique_ptr<RunFolder> folder;
  if (options.write_folder) {
    folder = options.resume != nullptr ? std::make_unique<RunFolder>(config, options.resume->info)
                                       : std::make_unique<RunFolder>(config);
    training.set_out(folder->path());
    if (!data.broken.empty() || options.resume != nullptr) folder->set_broken(data.broken);
    if (!data.folder.empty() && !run_data.is_mended()) folder->set_photos(photo_list_of(data));
  }
  TrainingPlan plan = training.plan(data, isa_info(kernels.isa).name);
  plan.gone = run_data.gone();
  if (folder) folder->add(StartReport{plan.first_step, kVersion, cpu_name(), plan.isa, config.threads});
  observer.on_start(plan);
  TrainResult result = training.run(folder.get(), observer);
  if (folder) {
    result.folder = folder->path();
    result.curve = folder->curve_path();
  }
  return result;
}

}  // namespace intrain
