// The learning curve as a picture: training loss by step on the left, training and test accuracy by epoch on the right.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace intrain {

// Mean over about a thirtieth of all values round each, so that the trend of losses shows through the noise of single batches.
std::vector<double> smoothed(const std::vector<double>& values);

// Values over time for a line of a picture, of which as many are kept as the picture can show: once they are more than kMost each two
// neighbours become one, and from then on as many values as that makes become one. Time and memory do not grow with the run.
class ThinnedLine {
 public:
  static constexpr size_t kMost = 2048;  // a few for each pixel

  void add(double x, double y);
  // Of the values that became one: the last x, the mean; and all the ends of them, lowest and highest alternately, where they are several.
  std::vector<double> x() const;
  std::vector<double> mean() const;
  std::vector<double> ends_x() const;
  std::vector<double> ends() const;

 private:
  struct Point {
    double x, sum, lowest, highest;
    int64_t count;
    void add(const Point& next);
  };
  template <class Value>
  std::vector<double> all(const Value& value) const;
  int64_t width_ = 1;  // values a point
  std::vector<Point> points_;
};

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
