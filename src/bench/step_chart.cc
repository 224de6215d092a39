#include "bench/step_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/draw/axes.h"
#include "report/draw/ticks.h"
#include "settings/number_text.h"

namespace intrain {

namespace {

constexpr int kWidth = 1200;
constexpr double kTop = 84, kBottom = 56, kOperatorRow = 40;

// Forward is blue, backward orange; the products are dark, what is around them light.
constexpr Color kOpColors[kProfileOps] = {
    kBlue,               // kConvForward
    {0.55, 0.72, 0.90},  // kNormalizeForward
    {0.30, 0.58, 0.75},  // kRecompute
    kOrange,             // kConvBackwardData
    {0.63, 0.22, 0.08},  // kConvBackwardWeights
    {0.98, 0.72, 0.45},  // kNormalizeBackward
    {0.20, 0.55, 0.35},  // kLinear
    {0.45, 0.72, 0.60},  // kPool
    {0.62, 0.50, 0.75},  // kSoftmax
    {0.36, 0.39, 0.44},  // kUpdate
    {0.58, 0.61, 0.65},  // kQuantizeWeights
    {0.80, 0.82, 0.84},  // kOther
};

std::string op_label(size_t op) {
  std::string name = profile_op_name(static_cast<ProfileOp>(op));
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

// For horizontal bars of so many seconds at most.
Axes axes_of_bars(Canvas& canvas, double left, double right, double bottom, double most) {
  return {canvas, left, right, kTop, bottom, 0, most * 1e3, 0, 1};
}

void draw_axes(const Axes& axes, const std::string& title) {
  for (const double ms : ticks(0, axes.x_max, tick_step(axes.x_max, 5))) {
    const double x = std::round(axes.px(ms)) + 0.5;
    axes.canvas.line({{x, axes.top}, {x, axes.bottom}}, ms == 0 ? kSoft : kGrid, 1);
    axes.canvas.text(x, axes.bottom + 20, 0.5, 12, kSoft, fmt::format("{:.4g}", ms));
  }
  axes.titles(title, "milliseconds a step");
}

std::vector<size_t> used_operators(const NetTimes& times) {
  std::vector<size_t> ops;
  for (size_t op = 0; op < kProfileOps; ++op)
    if (times.seconds[op] > 0) ops.push_back(op);
  return ops;
}

void draw_operators(Canvas& canvas, double row, const NetTimes& times) {
  const std::vector<size_t> ops = used_operators(times);
  const double most = *std::max_element(times.seconds.begin(), times.seconds.end());
  const Axes axes = axes_of_bars(canvas, 190, 440, kTop + row * static_cast<double>(ops.size()), most);
  draw_axes(axes, "Time by operator");
  double y = kTop;
  for (size_t op : ops) {
    const double seconds = times.seconds[op], end = axes.px(seconds * 1e3), middle = y + row / 2;
    canvas.box(axes.left + 1, middle - row * 0.36, end - axes.left - 1, row * 0.72, kOpColors[op]);
    canvas.text(axes.left - 10, middle + 4, 1, 12, kInk, op_label(op));
    canvas.text(end + 8, middle + 4, 0, 12, kSoft,
                fmt::format("{:.3g} ms, {}", seconds * 1e3, percent_text(seconds / times.mean_step_seconds, 1)));
    y += row;
  }
}

void draw_layers(Canvas& canvas, double row, const NetTimes& times) {
  double most = 0;
  for (const LayerTimes& layer : times.layers) most = std::max(most, layer.total());
  const Axes axes = axes_of_bars(canvas, 850, 1170, kTop + row * static_cast<double>(times.layers.size()), most);
  draw_axes(axes, "Time by layer");
  const double size = std::min(12.0, row * 0.8);
  double y = kTop;
  for (const LayerTimes& layer : times.layers) {
    double sum = 0;  // milliseconds
    for (size_t op = 0; op < kProfileOps; ++op) {
      const double begin = std::max(axes.left + 1, axes.px(sum)), end = axes.px(sum += layer.seconds[op] * 1e3);
      if (end > begin) canvas.box(begin, y + row * 0.1, end - begin, row * 0.8, kOpColors[op]);
    }
    const double base = y + row / 2 + size * 0.35;
    canvas.text(axes.left - 10, base, 1, size, kSoft, layer.shape);
    canvas.text(axes.left - 285, base, 0, size, kInk, layer.name);
    y += row;
  }
}

}  // namespace

void write_step_chart(const std::string& path, const std::string& title, const NetTimes& times) {
  // Small rows for deep nets.
  const double layers = static_cast<double>(times.layers.size());
  const double row = std::clamp(900 / layers, 12.0, 26.0);
  const double height = std::max(row * layers, kOperatorRow * static_cast<double>(used_operators(times).size()));
  Canvas canvas(kWidth, static_cast<int>(std::ceil(kTop + height + kBottom)));
  canvas.text(30, 36, 0, 18, kInk, title, true);
  draw_operators(canvas, kOperatorRow, times);
  draw_layers(canvas, row, times);
  canvas.write_png(path);
}

}  // namespace intrain
