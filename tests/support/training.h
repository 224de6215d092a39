#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "data/dataset.h"
#include "runs/resume_point.h"
#include "runs/training_run.h"

namespace intrain::test {

// 2 epochs of 4 steps, in folder out.
inline TrainConfig small_config(const std::string& out) {
  TrainConfig config;
  config.data = "synthetic:64";
  config.model = "mlp";
  config.epochs = 2;
  config.batch = 16;
  config.out = out;
  return config;
}

// All that can be done to images of 12 x 12.
inline void augment(TrainConfig& config) {
  config.border = "reflect";
  config.shift = "3";
  config.mirror = "alternate";
  config.cutout = 5;
  config.color_jitter = {0.4, 0.3, 0.2};
  config.mixup = "0.4";
}

// Asks for a stop after each step, or once, after the step given.
struct Stopper final : TrainObserver {
  std::atomic<int> stop{0};
  int64_t after = 0;
  int64_t first_step = -1;
  void on_start(const TrainingPlan& plan) override { first_step = plan.first_step; }
  void on_step(const StepReport& r) override { stop = r.step >= after; }
};

// Goes on with the run in config.out, from its newest checkpoint.
inline TrainResult go_on(const TrainConfig& config, const DataSplits& data, Stopper& stopper) {
  const ResumePoint point = find_resume_point(config.out);
  EXPECT_TRUE(point.damaged.empty());
  stopper.stop = 0;
  TrainOptions options;
  options.observer = &stopper;
  options.resume = &point.checkpoint;
  options.stop = &stopper.stop;
  return train(config, data, options);
}

}  // namespace intrain::test
