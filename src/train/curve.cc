#include "train/curve.h"

#include <cairo/cairo.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>

#include "io/atomic_file.h"

namespace intrain {

namespace {

constexpr int kWidth = 1200, kHeight = 500;
constexpr double kTop = 84, kBottom = 56;

struct Color {
  double r, g, b, a = 1;
};
constexpr Color kInk{0.13, 0.15, 0.18}, kSoft{0.45, 0.48, 0.52}, kGrid{0.90, 0.91, 0.92};
constexpr Color kBlue{0.12, 0.40, 0.72}, kPale{0.12, 0.40, 0.72, 0.22}, kOrange{0.85, 0.37, 0.05};

void use(cairo_t* cr, const Color& c) { cairo_set_source_rgba(cr, c.r, c.g, c.b, c.a); }

// anchor: 0 left, 0.5 middle, 1 right of the text lies at x.
void text(cairo_t* cr, double x, double y, double anchor, double size, const Color& color, const std::string& s,
          bool bold = false) {
  cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cr, size);
  cairo_text_extents_t extents;
  cairo_text_extents(cr, s.c_str(), &extents);
  use(cr, color);
  cairo_move_to(cr, x - anchor * extents.x_advance, y);
  cairo_show_text(cr, s.c_str());
}

// A step of 1, 2 or 5 times a power of ten that gives about `count` ticks.
double tick_step(double span, int count) {
  const double raw = span / count, power = std::pow(10, std::floor(std::log10(raw)));
  const double lead = raw / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

// One set of axes.
struct Panel {
  cairo_t* cr;
  double left, right;  // pixels
  double x_min, x_max, y_min, y_max;

  double px(double x) const { return left + (x - x_min) / (x_max - x_min) * (right - left); }
  double py(double y) const { return kHeight - kBottom - (y - y_min) / (y_max - y_min) * (kHeight - kBottom - kTop); }

  void axes(const std::string& title, const std::string& x_label, const char* unit, bool whole_x) const {
    cairo_set_line_width(cr, 1);
    const double dy = tick_step(y_max - y_min, 6);
    for (double y = std::ceil(y_min / dy) * dy; y <= y_max + dy * 1e-6; y += dy) {
      use(cr, kGrid);
      cairo_move_to(cr, left, std::round(py(y)) + 0.5);
      cairo_line_to(cr, right, std::round(py(y)) + 0.5);
      cairo_stroke(cr);
      text(cr, left - 8, py(y) + 4, 1, 12, kSoft, fmt::format("{:.4g}{}", std::abs(y) < dy * 1e-6 ? 0 : y, unit));
    }
    double dx = tick_step(x_max - x_min, 7);
    if (whole_x) dx = std::max(dx, 1.0);
    for (double x = std::ceil(x_min / dx - 1e-6) * dx; x <= x_max + dx * 1e-6; x += dx)
      text(cr, px(x), kHeight - kBottom + 20, 0.5, 12, kSoft, fmt::format("{:.6g}", std::abs(x) < dx * 1e-6 ? 0 : x));
    use(cr, kSoft);
    cairo_move_to(cr, left, kHeight - kBottom + 0.5);
    cairo_line_to(cr, right, kHeight - kBottom + 0.5);
    cairo_stroke(cr);
    text(cr, left, kTop - 16, 0, 14, kInk, title, true);
    text(cr, (left + right) / 2, kHeight - 14, 0.5, 12, kSoft, x_label);
  }

  void line(const std::vector<double>& x, const std::vector<double>& y, const Color& color, double width, bool dots) const {
    use(cr, color);
    cairo_set_line_width(cr, width);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_new_path(cr);  // text leaves a current point behind
    for (size_t i = 0; i < x.size(); ++i) cairo_line_to(cr, px(x[i]), py(std::clamp(y[i], y_min, y_max)));
    cairo_stroke(cr);
    for (size_t i = 0; dots && i < x.size(); ++i) {
      cairo_arc(cr, px(x[i]), py(std::clamp(y[i], y_min, y_max)), 3.5, 0, 2 * M_PI);
      cairo_fill(cr);
    }
  }

  // Coloured names, set right to left at the top right; returns where the next one ends.
  double legend(double x, const std::string& name, const Color& color) const {
    text(cr, x, kTop - 16, 1, 12, color, name, true);
    cairo_text_extents_t extents;
    cairo_text_extents(cr, name.c_str(), &extents);
    return x - extents.x_advance - 18;
  }
};

// Mean over about a thirtieth of the run round each step, so that the trend shows through the noise of single batches.
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

cairo_status_t append_png(void* file, const unsigned char* data, unsigned int bytes) {
  static_cast<std::string*>(file)->append(reinterpret_cast<const char*>(data), bytes);
  return CAIRO_STATUS_SUCCESS;
}

void draw_loss(cairo_t* cr, const std::vector<double>& steps, const std::vector<double>& losses) {
  // The few largest losses of the start would flatten the rest.
  std::vector<double> sorted = losses;
  std::sort(sorted.begin(), sorted.end());
  const double top = sorted.empty() ? 1 : std::max(sorted[(sorted.size() - 1) * 995 / 1000], 0.01) * 1.05;
  const Panel panel{cr, 70, 580, 0, std::max(1.0, steps.empty() ? 1.0 : steps.back()), 0, top};
  panel.axes("Training loss", "step", "", true);
  panel.line(steps, losses, kPale, 1, losses.size() == 1);
  panel.line(steps, smoothed(losses), kBlue, 2, false);
  panel.legend(panel.legend(panel.right, "mean", kBlue), "batch", {0.55, 0.68, 0.84});
}

void draw_accuracy(cairo_t* cr, const std::vector<double>& epochs, const std::vector<double>& train,
                   const std::vector<double>& test) {
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
  const Panel panel{cr, 690, 1150, 1 - 0.06 * last, last * 1.06, low, high};
  panel.axes("Accuracy", "epoch", " %", true);
  panel.line(epochs, train, kBlue, 2, true);
  panel.line(epochs, test, kOrange, 2, true);
  panel.legend(panel.legend(panel.right, fmt::format("test {:.2f} %", test.empty() ? 0 : test.back()), kOrange),
               fmt::format("training {:.2f} %", train.empty() ? 0 : train.back()), kBlue);
}

}  // namespace

void Curve::add_step(int64_t step, double loss) {
  steps_.push_back(static_cast<double>(step));
  losses_.push_back(std::isfinite(loss) ? loss : 0);
}

void Curve::add_epoch(int epoch, double train_accuracy, double test_accuracy) {
  epochs_.push_back(epoch);
  train_.push_back(100 * train_accuracy);
  test_.push_back(100 * test_accuracy);
}

void Curve::write_png(const std::string& path) const {
  const std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, kWidth, kHeight), cairo_surface_destroy);
  const std::unique_ptr<cairo_t, decltype(&cairo_destroy)> context(cairo_create(surface.get()), cairo_destroy);
  cairo_t* cr = context.get();
  cairo_set_source_rgb(cr, 1, 1, 1);
  cairo_paint(cr);
  text(cr, 70, 36, 0, 18, kInk, title_, true);
  draw_loss(cr, steps_, losses_);
  draw_accuracy(cr, epochs_, train_, test_);

  std::string png;
  // Memory is all that can be missing here.
  if (cairo_surface_write_to_png_stream(surface.get(), append_png, &png) != CAIRO_STATUS_SUCCESS) throw std::bad_alloc();
  write_file(path, png);
}

}  // namespace intrain
