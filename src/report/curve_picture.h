// curve.png of a run folder, drawn anew after each epoch.
#pragma once

#include <memory>
#include <string>

#include "report/draw/learning_curve.h"
#include "train/observer.h"

namespace intrain {

class CurvePicture final : public TrainObserver {
 public:
  // Of a run that goes on it reads what came before from the folder's metrics.jsonl. Without a folder, or cairo (draw/canvas.h), it draws nothing.
  void on_start(const TrainingPlan& plan) override;
  void on_step(const StepReport& report) override;
  // Throws Error if the picture cannot be written.
  void on_epoch(const EpochReport& report) override;

  // Where it is drawn; "" before the start.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::unique_ptr<Curve> curve_;
};

}  // namespace intrain
