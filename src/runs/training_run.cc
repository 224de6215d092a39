#include "runs/training_run.h"

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/rank_agreement.h"
#include "core/version.h"
#include "isa/isa.h"
#include "runs/run_data.h"
#include "runs/run_files.h"
#include "runs/run_folder.h"
#include "train/data_fingerprint.h"
#include "train/over_ranks.h"
#include "train/run_length.h"

namespace intrain {

// Writes the run folder. It is made when the training starts: what fails before leaves none.
class TrainingRun::FolderWriter final : public TrainObserver {
 public:
  FolderWriter(const RunData& data, const Checkpoint* resume, const std::string& out) : data_(data) {
    if (resume == nullptr) return;
    from_ = resume->info;
    path_ = out;
  }
  // Nothing is written until the next start, and other processes may train there.
  void close() { folder_.reset(); }
  // Empty before a new run has started.
  const std::string& path() const { return path_; }

  void on_start(const TrainingPlan& plan) override {
    const DataSplits& data = data_.splits();
    TrainConfig config = plan.config;
    if (from_) config.out = path_;
    folder_ = from_ ? std::make_unique<RunFolder>(config, *from_) : std::make_unique<RunFolder>(config);
    path_ = folder_->path();
    if (!data.broken.empty() || from_) folder_->set_broken(data.broken);
    if (!data.folder.empty() && !data_.is_mended()) folder_->set_photos(photo_list_of(data));
    if (from_ && is_other_length(config, from_->config)) folder_->set_config(config);
    folder_->begin_audit({plan.first_step, audited_settings(config), fingerprint_of(data)});
    folder_->add(StartReport{plan.first_step, kVersion, cpu_name(), plan.isa, plan.config.threads});
  }
  Elapsed elapsed() const override { return folder_->elapsed(); }
  void on_step(const StepReport& report) override { folder_->add(report); }
  bool wants_numbers() const override { return true; }
  void on_numbers(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated) override {
    folder_->add(step, layers, stored_saturated);
  }
  void on_signature(int64_t step, uint64_t signature) override { folder_->add(AuditEntry{step, signature}); }
  void on_parameters(int64_t step, const std::vector<Parameter*>& parameters) override { folder_->add(step, parameters); }
  void on_epoch(const EpochReport& report) override { folder_->add(report); }
  void on_state(const CheckpointInfo& info, const std::vector<StateArray>& state, StateUse use) override {
    CheckpointInfo here = info;
    here.config.out = path_;
    folder_->save(here, state, use);
    if (use != StateUse::kBest) from_ = std::move(here);
  }

 private:
  const RunData& data_;
  std::optional<CheckpointInfo> from_;  // what the next start goes on from; none: a run begins
  std::string path_;
  std::unique_ptr<RunFolder> folder_;
};

// The folder first; then the caller's, told what only the run knows.
class TrainingRun::RunObservers final : public ObserverList {
 public:
  RunObservers(FolderWriter* folder, TrainObserver* next, const RunData& data, Reducer& reducer)
      : ObserverList({folder, next}), folder_(folder), next_(next), data_(data), reducer_(reducer) {}
  void on_start(const TrainingPlan& plan) override {
    TrainingPlan informed = plan;
    informed.gone = data_.gone();
    std::exception_ptr failure;
    try {
      if (folder_ != nullptr) folder_->on_start(plan);
    } catch (...) {
      failure = std::current_exception();
    }
    fail_together(reducer_, failure, "could not begin the run");
    path_ = texts_of_ranks(reducer_, folder_ != nullptr ? folder_->path() : "")[0];
    if (!path_.empty()) informed.config.out = path_;
    if (next_ != nullptr) next_->on_start(informed);
  }
  // Of the run; empty if there is none.
  const std::string& path() const { return path_; }

 private:
  FolderWriter* const folder_;
  TrainObserver* const next_;
  const RunData& data_;
  Reducer& reducer_;
  std::string path_;
};

namespace {

RunData checked_data(const TrainConfig& config, const DataSplits& given, const TrainOptions& options) {
  validate(config);
  if (options.resume == nullptr) return RunData(given);
  check_length(config, *options.resume);
  return RunData(given, *options.resume, config.out);
}

}  // namespace

class TrainingRun::Run {
 public:
  Run(const TrainConfig& config, const DataSplits& given, const TrainOptions& options)
      : data_(checked_data(config, given, options)),
        trainer_(config, data_.splits(),
                 {.build = options.build,
                  .resume = options.resume,
                  .begin = options.begin,
                  .images_are_gone = !data_.scaling_is_known(),
                  .runtime = options.runtime,
                  .stop = options.stop}) {
    if (!options.write_folder) return;
    if (data_.splits().test.count == 0)
      throw Error("a run folder tells of the accuracy on test images, and there are none", Setting{"out", config.out},
                  "give test images, or no folder");
    if (reducer().rank() == 0) folder_.emplace(data_, options.resume, config.out);
  }

  TrainResult fit(TrainObserver* observer, const std::atomic<int>* stop) {
    RunObservers observers(folder_ ? &*folder_ : nullptr, observer, data_, reducer());
    const Closed closed{folder_};
    try {
      FitResult result = trainer_.fit(observers, stop);
      path_ = observers.path();
      return {std::move(result), path_};
    } catch (const LoadFailure& e) {
      path_ = observers.path();
      e.throw_as(path_.empty() || !e.is_saved ? Error(e) : with_way_back(e));
    }
  }

  Trainer& trainer() { return trainer_; }
  const std::string& path() const { return folder_ ? folder_->path() : path_; }

 private:
  Error with_way_back(const LoadFailure& e) {
    return {fmt::format("{}; the run is saved after step {}", e.what(), e.step), Setting{e.setting, e.where},
            "go on, with what it misses put back or without it: " + resume_command(path_, reducer().ranks())};
  }
  Reducer& reducer() { return trainer_.net().runtime().reducer(); }
  // Also after what was thrown.
  struct Closed {
    std::optional<FolderWriter>& folder;
    ~Closed() {
      if (folder) folder->close();
    }
  };

  const RunData data_;
  Trainer trainer_;
  std::optional<FolderWriter> folder_;
  std::string path_;  // what the first rank made
};

TrainingRun::TrainingRun(const TrainConfig& config, const DataSplits& data, const TrainOptions& options)
    : run_(std::make_unique<Run>(config, data, options)) {}
TrainingRun::~TrainingRun() = default;
TrainingRun::TrainingRun(TrainingRun&&) noexcept = default;
TrainingRun& TrainingRun::operator=(TrainingRun&&) noexcept = default;

TrainResult TrainingRun::fit(TrainObserver* observer, const std::atomic<int>* stop) { return run_->fit(observer, stop); }
Trainer& TrainingRun::trainer() { return run_->trainer(); }
const std::string& TrainingRun::folder() const { return run_->path(); }

TrainResult train(const TrainConfig& config, const DataSplits& given, const TrainOptions& options) {
  return TrainingRun(config, given, options).fit(options.observer, options.stop);
}

}  // namespace intrain
