#include "report/curve_picture.h"

#include <filesystem>

#include "data/source.h"
#include "report/draw/canvas.h"
#include "runs/metrics_file.h"
#include "runs/run_files.h"

namespace intrain {

void CurvePicture::on_start(const TrainingPlan& plan) {
  const TrainConfig& config = plan.config;
  if (config.out.empty() || !can_draw()) return;
  path_ = config.out + "/" + kCurveFile;
  // Of a net in a file its name, without folder and ending.
  curve_ = std::make_unique<Curve>(std::filesystem::path(config.model).stem().string() + " on " + data_name(config.data));
  if (plan.first_step == 0) return;
  // The run folder has taken out by now what is done again.
  read_metrics(config.out + "/" + kMetricsFile, [this](const MetricsRecord& record, const std::string&) {
    if (const auto* step = std::get_if<StepReport>(&record)) on_step(*step);
    if (const auto* epoch = std::get_if<EpochReport>(&record))
      curve_->add_epoch(epoch->epoch, epoch->train_accuracy, epoch->test_accuracy);
  });
}

void CurvePicture::on_step(const StepReport& report) {
  if (curve_) curve_->add_step(report.step, report.loss);
}

void CurvePicture::on_epoch(const EpochReport& report) {
  if (!curve_) return;
  curve_->add_epoch(report.epoch, report.train_accuracy, report.test_accuracy);
  curve_->write_png(path_);
}

}  // namespace intrain
