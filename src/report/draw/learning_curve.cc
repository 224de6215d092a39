#include "report/draw/learning_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/draw/canvas.h"

namespace intrain {

namespace {

constexpr int kWidth = 1200, kHeight = 500;
constexpr double kTop = 84, kBottom = 56;

constexpr Color kBlue{0.12, 0.40, 0.72}, kPale{0.12, 0.40, 0.72, 0.22}, kOrange{0.85, 0.37, 0.05};

// One set of axes.
struct Panel {
  Canvas& canvas;
  double left, right;  // pixels
  double x_min, x_max, y_min, y_max;

  double px(double x) const { return left + (x - x_min) / (x_max - x_min) * (right - left); }
  double py(double y) const { return kHeight - kBottom - (y - y_min) / (y_max - y_min) * (kHeight - kBottom - kTop); }

  void axes(const std::string& title, const std::string& x_label, const char* unit, bool whole_x) const {
    const double dy = tick_step(y_max - y_min, 6);
    for (double y = std::ceil(y_min / dy) * dy; y <= y_max + dy * 1e-6; y += dy) {
      canvas.line({{left, std::round(py(y)) + 0.5}, {right, std::round(py(y)) + 0.5}}, kGrid, 1);
      canvas.text(left - 8, py(y) + 4, 1, 12, kSoft, fmt::format("{:.4g}{}", std::abs(y) < dy * 1e-6 ? 0 : y, unit));
    }
    double dx = tick_step(x_max - x_min, 7);
    if (whole_x) dx = std::max(dx, 1.0);
    for (double x = std::ceil(x_min / dx - 1e-6) * dx; x <= x_max + dx * 1e-6; x += dx)
      canvas.text(px(x), kHeight - kBottom + 20, 0.5, 12, kSoft, fmt::format("{:.6g}", std::abs(x) < dx * 1e-6 ? 0 : x));
    canvas.line({{left, kHeight - kBottom + 0.5}, {right, kHeight - kBottom + 0.5}}, kSoft, 1);
    canvas.text(left, kTop - 16, 0, 14, kInk, title, true);
    canvas.text((left + right) / 2, kHeight - 14, 0.5, 12, kSoft, x_label);
  }

  void line(const std::vector<double>& x, const std::vector<double>& y, const Color& color, double width, bool dots) const {
    std::vector<Canvas::Point> points;
    for (size_t i = 0; i < x.size(); ++i) points.push_back({px(x[i]), py(std::clamp(y[i], y_min, y_max))});
    canvas.line(points, color, width);
    for (size_t i = 0; dots && i < points.size(); ++i) canvas.dot(points[i].x, points[i].y, 3.5, color);
  }

  // Coloured names, set right to left at the top right; returns where the next one ends.
  double legend(double x, const std::string& name, const Color& color) const {
    canvas.text(x, kTop - 16, 1, 12, color, name, true);
    return x - canvas.text_width(12, name, true) - 18;
  }
};

void draw_loss(Canvas& canvas, const ThinnedLine& line) {
  const std::vector<double> steps = line.x(), losses = line.ends();
  // The few largest losses of the start would flatten the rest.
  std::vector<double> sorted = losses;
  std::sort(sorted.begin(), sorted.end());
  const double top = sorted.empty() ? 1 : std::max(sorted[(sorted.size() - 1) * 995 / 1000], 0.01) * 1.05;
  const Panel panel{canvas, 70, 580, 0, std::max(1.0, steps.empty() ? 1.0 : steps.back()), 0, top};
  panel.axes("Training loss", "step", "", true);
  panel.line(line.ends_x(), losses, kPale, 1, losses.size() == 1);
  panel.line(steps, smoothed(line.mean()), kBlue, 2, false);
  panel.legend(panel.legend(panel.right, "mean", kBlue), "batch", {0.55, 0.68, 0.84});
}

void draw_accuracy(Canvas& canvas, const ThinnedLine& train_line, const ThinnedLine& test_line) {
  const std::vector<double> epochs = train_line.x(), train = train_line.mean(), test = test_line.mean();
  double low = 100, high = 0;
  for (const auto* values : {&train, &test})
    for (double v : *values) {
      low = std::min(low, v);
      high = std::max(high, v);
    }
  low = std::max(0.0, std::floor(low / 10) * 10 - (high - low < 5 ? 5 : 0));
  high = std::min(100.0, std::ceil(high / 5) * 5);
  if (high <= low) low = 0, high = 100;
  const double last = epochs.empty() ? 1 : epochs.back();
  const Panel panel{canvas, 690, 1150, 1 - 0.06 * last, last * 1.06, low, high};
  panel.axes("Accuracy", "epoch", " %", true);
  panel.line(epochs, train, kBlue, 2, true);
  panel.line(epochs, test, kOrange, 2, true);
  panel.legend(panel.legend(panel.right, fmt::format("test {:.2f} %", test.empty() ? 0 : test.back()), kOrange),
               fmt::format("training {:.2f} %", train.empty() ? 0 : train.back()), kBlue);
}

}  // namespace

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

void Curve::add_step(int64_t step, double loss) { losses_.add(static_cast<double>(step), std::isfinite(loss) ? loss : 0); }

void Curve::add_epoch(int epoch, double train_accuracy, double test_accuracy) {
  train_.add(epoch, 100 * train_accuracy);
  test_.add(epoch, 100 * test_accuracy);
}

void Curve::write_png(const std::string& path) const {
  Canvas canvas(kWidth, kHeight);
  canvas.text(70, 36, 0, 18, kInk, title_, true);
  draw_loss(canvas, losses_);
  draw_accuracy(canvas, train_, test_);
  canvas.write_png(path);
}

}  // namespace intrain
