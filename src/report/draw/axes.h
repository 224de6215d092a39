// A field of a picture in which values lie, and what stands round it.
#pragma once

#include <string>

#include "report/draw/canvas.h"

namespace intrain {

struct Axes {
  Canvas& canvas;
  double left, right, top, bottom;    // pixels
  double x_min, x_max, y_min, y_max;  // the values there

  double px(double x) const { return left + (x - x_min) / (x_max - x_min) * (right - left); }
  double py(double y) const { return bottom - (y - y_min) / (y_max - y_min) * (bottom - top); }

  void titles(const std::string& title, const std::string& x_label) const;
  // Numbers below and at the left, at multiples of `step`; those at the left with a line across the field.
  void x_numbers(double step) const;
  void y_numbers(double step, const char* unit) const;
};

}  // namespace intrain
