// The learning curve as a picture: training loss by step on the left, training and test accuracy by epoch on the right.
#pragma once

#include <cstdint>
#include <string>

#include "report/draw/thinned_line.h"

namespace intrain {

class Curve {
 public:
  explicit Curve(std::string title) : title_(std::move(title)) {}

  void add_step(int64_t step, double loss);
  // Accuracies 0 .. 1.
  void add_epoch(int epoch, double train_accuracy, double test_accuracy);

  // 1200 x 500 pixels, written atomically. Throws Error if it cannot be.
  void write_png(const std::string& path) const;

 private:
  std::string title_;
  ThinnedLine losses_;
  ThinnedLine train_, test_;  // accuracies in percent
};

}  // namespace intrain
