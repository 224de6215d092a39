#include "report/draw/axes.h"

#include <fmt/format.h>

#include <cmath>

#include "report/draw/ticks.h"

namespace intrain {

void Axes::titles(const std::string& title, const std::string& x_label) const {
  canvas.text(left, top - 16, 0, 14, kInk, title, true);
  canvas.text((left + right) / 2, bottom + 42, 0.5, 12, kSoft, x_label);
}

void Axes::x_numbers(double step) const {
  for (const double x : ticks(x_min, x_max, step)) canvas.text(px(x), bottom + 20, 0.5, 12, kSoft, fmt::format("{:.6g}", x));
}

void Axes::y_numbers(double step, const char* unit) const {
  for (const double y : ticks(y_min, y_max, step)) {
    const double line = std::round(py(y)) + 0.5;  // sharp: within one row of pixels
    canvas.line({{left, line}, {right, line}}, kGrid, 1);
    canvas.text(left - 8, py(y) + 4, 1, 12, kSoft, fmt::format("{:.4g}{}", y, unit));
  }
}

}  // namespace intrain
