#include "report/draw/thinned_line.h"

#include <algorithm>

namespace intrain {

std::vector<double> smoothed(const std::vector<double>& values) {
  const size_t n = values.size(), reach = n / 60 + 1;
  std::vector<double> sums(n + 1, 0.0), result(n);
  for (size_t i = 0; i < n; ++i) sums[i + 1] = sums[i] + values[i];
  for (size_t i = 0; i < n; ++i) {
    const size_t begin = i - std::min(i, reach), end = std::min(n, i + reach + 1);
    result[i] = (sums[end] - sums[begin]) / static_cast<double>(end - begin);
  }
  return result;
}

void ThinnedLine::Point::add(const Point& next) {
  x = next.x;
  sum += next.sum;
  lowest = std::min(lowest, next.lowest);
  highest = std::max(highest, next.highest);
  count += next.count;
}

void ThinnedLine::add(double x, double y) {
  const Point point{x, y, y, y, 1};
  if (!points_.empty() && points_.back().count < width_) {
    points_.back().add(point);
    return;
  }
  if (points_.size() == kMost) {
    for (size_t i = 0; i < kMost / 2; ++i) {
      points_[i] = points_[2 * i];
      points_[i].add(points_[2 * i + 1]);
    }
    points_.resize(kMost / 2);
    width_ *= 2;
  }
  points_.push_back(point);
}

template <class Value>
std::vector<double> ThinnedLine::all(const Value& value) const {
  std::vector<double> list;
  for (const Point& point : points_) list.push_back(value(point));
  return list;
}

std::vector<double> ThinnedLine::x() const {
  return all([](const Point& p) { return p.x; });
}

std::vector<double> ThinnedLine::mean() const {
  return all([](const Point& p) { return p.sum / static_cast<double>(p.count); });
}

std::vector<double> ThinnedLine::ends_x() const {
  std::vector<double> list;
  for (const Point& p : points_) list.insert(list.end(), width_ == 1 ? 1 : 2, p.x);
  return list;
}

std::vector<double> ThinnedLine::ends() const {
  std::vector<double> list;
  for (const Point& p : points_) {
    if (width_ > 1) list.push_back(p.lowest);
    list.push_back(p.highest);
  }
  return list;
}

}  // namespace intrain
