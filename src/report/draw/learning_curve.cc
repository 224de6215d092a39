#include "report/draw/learning_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/draw/axes.h"
#include "report/draw/ticks.h"

namespace intrain {

namespace {

constexpr int kCurveWidth = 1200, kCurveHeight = 500;
constexpr double kCurveTop = 84, kBottom = 56;

constexpr Color kPale{0.12, 0.40, 0.72, 0.22};  // kBlue

Axes axes_of(Canvas& canvas, double left, double right, double x_min, double x_max, double y_min, double y_max) {
  return {canvas, left, right, kCurveTop, kCurveHeight - kBottom, x_min, x_max, y_min, y_max};
}

void draw_axes(const Axes& axes, const std::string& title, const std::string& x_label, const char* unit) {
  axes.y_numbers(tick_step(axes.y_max - axes.y_min, 6), unit);
  axes.x_numbers(std::max(1.0, tick_step(axes.x_max - axes.x_min, 7)));
  axes.canvas.line({{axes.left, axes.bottom + 0.5}, {axes.right, axes.bottom + 0.5}}, kSoft, 1);
  axes.titles(title, x_label);
}

void draw_line(const Axes& axes, const std::vector<double>& x, const std::vector<double>& y, const Color& color, double width,
               bool dots) {
  std::vector<Canvas::Point> points;
  for (size_t i = 0; i < x.size(); ++i) points.push_back({axes.px(x[i]), axes.py(std::clamp(y[i], axes.y_min, axes.y_max))});
  axes.canvas.line(points, color, width);
  for (size_t i = 0; dots && i < points.size(); ++i) axes.canvas.dot(points[i].x, points[i].y, 3.5, color);
}

// Coloured names, set right to left at the top right; returns where the next one ends.
double draw_name(const Axes& axes, double x, const std::string& name, const Color& color) {
  axes.canvas.text(x, axes.top - 16, 1, 12, color, name, true);
  return x - axes.canvas.text_width(12, name, true) - 18;
}

void draw_loss(Canvas& canvas, const ThinnedLine& line) {
  const std::vector<double> steps = line.x(), losses = line.ends();
  // The few largest losses of the start would flatten the rest.
  std::vector<double> sorted = losses;
  std::sort(sorted.begin(), sorted.end());
  const double top = sorted.empty() ? 1 : std::max(sorted[(sorted.size() - 1) * 995 / 1000], 0.01) * 1.05;
  const Axes axes = axes_of(canvas, 70, 580, 0, std::max(1.0, steps.empty() ? 1.0 : steps.back()), 0, top);
  draw_axes(axes, "Training loss", "step", "");
  draw_line(axes, line.ends_x(), losses, kPale, 1, losses.size() == 1);
  draw_line(axes, steps, smoothed(line.mean()), kBlue, 2, false);
  draw_name(axes, draw_name(axes, axes.right, "mean", kBlue), "batch", {0.55, 0.68, 0.84});
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
  const Axes axes = axes_of(canvas, 690, 1150, 1 - 0.06 * last, last * 1.06, low, high);
  draw_axes(axes, "Accuracy", "epoch", " %");
  draw_line(axes, epochs, train, kBlue, 2, true);
  draw_line(axes, epochs, test, kOrange, 2, true);
  draw_name(axes, draw_name(axes, axes.right, fmt::format("test {:.2f} %", test.empty() ? 0 : test.back()), kOrange),
            fmt::format("training {:.2f} %", train.empty() ? 0 : train.back()), kBlue);
}

}  // namespace

void Curve::add_step(int64_t step, double loss) { losses_.add(static_cast<double>(step), std::isfinite(loss) ? loss : 0); }

void Curve::add_epoch(int epoch, double train_accuracy, double test_accuracy) {
  train_.add(epoch, 100 * train_accuracy);
  test_.add(epoch, 100 * test_accuracy);
}

void Curve::write_png(const std::string& path) const {
  Canvas canvas(kCurveWidth, kCurveHeight);
  canvas.text(70, 36, 0, 18, kInk, title_, true);
  draw_loss(canvas, losses_);
  draw_accuracy(canvas, train_, test_);
  canvas.write_png(path);
}

}  // namespace intrain
