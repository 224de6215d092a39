// The learning curve as a picture: training loss by step on the left, training and test accuracy by epoch on the right.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace intrain {

// Mean over about a thirtieth of all values round each, so that the trend of losses shows through the noise of single batches.
std::vector<double> smoothed(const std::vector<double>& values);

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
  std::vector<double> steps_, losses_;
  std::vector<double> epochs_, train_, test_;  // accuracies in percent
};

}  // namespace intrain
