#include "report/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/draw/ticks.h"
#include "report/html.h"

namespace intrain {

namespace {

constexpr double kLeft = 54, kRight = 14, kTop = 12, kBottom = 44;

}  // namespace

std::string chart_svg(const Chart& chart, double width, double height) {
  const double bottom = height - kBottom, right = width - kRight;
  const auto px = [&](double x) { return kLeft + (x - chart.x_min) / (chart.x_max - chart.x_min) * (right - kLeft); };
  const auto py = [&](double y) {
    return bottom - (std::clamp(y, chart.y_min, chart.y_max) - chart.y_min) / (chart.y_max - chart.y_min) * (bottom - kTop);
  };
  std::string svg = fmt::format(
      R"(<svg class="chart" viewBox="0 0 {} {}" role="img" data-box="{} {} {} {}" data-axes="{} {} {} {}" data-x="{}" data-unit="{}">)",
      width, height, kLeft, right, kTop, bottom, chart.x_min, chart.x_max, chart.y_min, chart.y_max, escape_html(chart.x_label),
      escape_html(chart.unit));
  double dy = tick_step(chart.y_max - chart.y_min, 6);
  if (chart.whole_y) dy = std::max(dy, 1.0);
  for (const double y : ticks(chart.y_min, chart.y_max, dy))
    svg += fmt::format(R"(<path class="grid" d="M{} {:.1f}H{}"/><text x="{}" y="{:.1f}" class="end">{:.4g}{}</text>)", kLeft,
                       py(y), right, kLeft - 8, py(y) + 4, y, escape_html(chart.unit));
  const double dx = std::max(1.0, tick_step(chart.x_max - chart.x_min, 6));
  for (const double x : ticks(chart.x_min, chart.x_max, dx))
    svg += fmt::format(R"(<text x="{:.1f}" y="{}" class="mid">{:.6g}</text>)", px(x), bottom + 18, x);
  svg += fmt::format(R"(<path class="axis" d="M{} {}H{}"/><text x="{}" y="{}" class="mid">{}</text>)", kLeft, bottom, right,
                     (kLeft + right) / 2, bottom + 36, escape_html(chart.x_label));
  for (const ChartSeries& s : chart.series) {
    svg += fmt::format(R"(<g data-name="{}" data-x="{:.6g}" data-y="{:.5g}" style="--line:{}"{}>)", escape_html(s.name),
                       fmt::join(s.x, " "), fmt::join(s.y, " "), s.color, s.pale ? R"( class="pale")" : "");
    std::string path, dots;
    for (size_t i = 0; i < s.x.size(); ++i) {
      path += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", px(s.x[i]), py(s.y[i]));
      if (s.dots || s.x.size() == 1)
        dots += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="{}"{}/>)", px(s.x[i]), py(s.y[i]), 3,
                            s.dashed ? R"( class="hollow")" : "");
    }
    svg += fmt::format(R"(<path class="line{}" d="{}"/>{}</g>)", s.dashed ? " dashed" : "", path, dots);
  }
  return svg + "</svg>";
}

ChartSeries thinned(ChartSeries series, size_t most) {
  const size_t n = series.x.size(), stride = std::max<size_t>(1, (n + most - 1) / most);
  size_t kept = 0;
  for (size_t i = n == 0 ? 0 : (n - 1) % stride; i < n; i += stride, ++kept) {
    series.x[kept] = series.x[i];
    series.y[kept] = series.y[i];
  }
  series.x.resize(kept);
  series.y.resize(kept);
  return series;
}

}  // namespace intrain
