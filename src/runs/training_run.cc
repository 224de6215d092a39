#include "runs/training_run.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "core/error.h"
#include "core/shell.h"
#include "core/version.h"
#include "isa/isa.h"
#include "runs/run_data.h"
#include "runs/run_folder.h"
#include "train/run_length.h"

namespace intrain {

namespace {

// Writes the run folder. It is made when the training starts: what fails before leaves none.
class FolderWriter final : public TrainObserver {
 public:
  FolderWriter(const RunData& data, const Checkpoint* resume) : data_(data), resume_(resume) {}
  // Valid after on_start.
  const std::string& path() const { return folder_->path(); }

  void on_start(const TrainingPlan& plan) override {
    const DataSplits& data = data_.splits();
    folder_ =
        resume_ != nullptr ? std::make_unique<RunFolder>(plan.config, resume_->info) : std::make_unique<RunFolder>(plan.config);
    if (!data.broken.empty() || resume_ != nullptr) folder_->set_broken(data.broken);
    if (!data.folder.empty() && !data_.is_mended()) folder_->set_photos(photo_list_of(data));
    if (resume_ != nullptr && is_other_length(plan.config, resume_->info.config)) folder_->set_config(plan.config);
    folder_->add(StartReport{plan.first_step, kVersion, cpu_name(), plan.isa, plan.config.threads});
  }
  Elapsed elapsed() const override { return folder_->elapsed(); }
  void on_step(const StepReport& report) override { folder_->add(report); }
  bool wants_numbers() const override { return true; }
  void on_numbers(int64_t step, const std::vector<LayerNumbers>& layers, int64_t stored_saturated) override {
    folder_->add(step, layers, stored_saturated);
  }
  void on_parameters(int64_t step, const std::vector<Parameter*>& parameters) override { folder_->add(step, parameters); }
  void on_epoch(const EpochReport& report) override { folder_->add(report); }
  void on_state(const CheckpointInfo& info, const std::vector<StateArray>& state, StateUse use) override {
    CheckpointInfo here = info;
    here.config.out = path();
    folder_->save(here, state, use);
  }

 private:
  const RunData& data_;
  const Checkpoint* resume_;
  std::unique_ptr<RunFolder> folder_;
};

// The folder first; then the caller's, told what only the run knows.
class RunObservers final : public ObserverList {
 public:
  RunObservers(FolderWriter* folder, TrainObserver* next, const RunData& data)
      : ObserverList({folder, next}), folder_(folder), next_(next), data_(data) {}
  void on_start(const TrainingPlan& plan) override {
    TrainingPlan informed = plan;
    informed.gone = data_.gone();
    if (folder_ != nullptr) {
      folder_->on_start(plan);
      informed.config.out = folder_->path();
    }
    if (next_ != nullptr) next_->on_start(informed);
  }

 private:
  FolderWriter* const folder_;
  TrainObserver* const next_;
  const RunData& data_;
};

}  // namespace

TrainResult train(const TrainConfig& config, const DataSplits& given, const TrainOptions& options) {
  validate(config);
  if (options.resume != nullptr) check_length(config, *options.resume);
  const RunData data = options.resume != nullptr ? RunData(given, *options.resume, config.out) : RunData(given);
  Trainer trainer(config, data.splits(),
                  {.build = options.build, .resume = options.resume, .images_are_gone = !data.scaling_is_known()});
  std::optional<FolderWriter> folder;
  if (options.write_folder) folder.emplace(data, options.resume);
  RunObservers observers(folder ? &*folder : nullptr, options.observer, data);
  try {
    FitResult result = trainer.fit(observers, options.stop);
    return {std::move(result), folder ? folder->path() : ""};
  } catch (const LoadFailure& e) {
    if (!folder || !e.is_saved) throw Error(e);
    throw Error(fmt::format("{}; the run is saved after step {}", e.what(), e.step), Setting{e.setting, e.where},
                fmt::format("go on, with what it misses put back or without it: intrain train {}",
                            shell_flag("--resume", folder->path())));
  }
}

}  // namespace intrain
