// A picture in the house style: text, lines and boxes on white, written as PNG.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "report/draw/colors.h"

namespace intrain {

// Whether cairo is there, which programs for machines without it load when they draw (cairo_loaded.cc). Else what draws throws Error.
bool can_draw();

class Canvas {
 public:
  struct Point {
    double x, y;
  };

  Canvas(int width, int height);
  ~Canvas();

  // Texts are drawn, and measured, as core/text.h makes them printable. anchor: 0 left, 0.5 middle, 1 right of the text lies at x; y is its base line.
  void text(double x, double y, double anchor, double size, const Color& color, const std::string& s, bool bold = false);
  // Begins at x, y and rises to the right by 45 degrees.
  void rising_text(double x, double y, double size, const Color& color, const std::string& s);
  double text_width(double size, const std::string& s, bool bold = false);
  void line(const std::vector<Point>& points, const Color& color, double width);
  void box(double x, double y, double width, double height, const Color& color);
  void dot(double x, double y, double radius, const Color& color);

  // Written atomically. Throws Error if it cannot be.
  void write_png(const std::string& path) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace intrain
