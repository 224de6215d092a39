// Lines in a page: a chart as SVG. Its colours are the page's (--ink, --soft, --grid), so that it follows the page's scheme.
#pragma once

#include <string>
#include <vector>

namespace intrain {

struct ChartSeries {
  std::string name;
  std::string color;  // of CSS
  std::vector<double> x, y;
  bool dashed = false, dots = false, pale = false;
};

struct Chart {
  std::string x_label, unit;  // unit: behind the numbers at the y axis
  double x_min, x_max, y_min, y_max;
  bool whole_y = false;  // ticks at whole numbers only
  std::vector<ChartSeries> series = {};
};

// An <svg> of width x height units that scales with the page; values outside of the axes lie on them. data-* attributes tell the page's
// script what it needs to name the values under the pointer.
std::string chart_svg(const Chart& chart, double width, double height);

// At most about `most` points, evenly chosen, the last one among them.
ChartSeries thinned(ChartSeries series, size_t most);

}  // namespace intrain
