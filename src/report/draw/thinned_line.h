// Many values over time, as few points as a picture can show.
#pragma once

#include <cstddef>
#include <cstdint>
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

}  // namespace intrain
