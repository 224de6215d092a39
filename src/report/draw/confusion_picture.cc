#include "report/draw/confusion_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/confusion.h"
#include "core/check.h"
#include "core/text.h"
#include "report/draw/canvas.h"
#include "report/draw/ticks.h"

namespace intrain {

namespace {

constexpr double kMargin = 24, kGap = 10, kHead = 76, kMaxName = 200;

// Cut to kMaxName pixels.
std::string fitting(Canvas& canvas, double size, std::string name) {
  name = printable(name);  // what is not UTF-8 cannot be cut between characters
  if (canvas.text_width(size, name) <= kMaxName) return name;
  while (!name.empty() && canvas.text_width(size, name + "…") > kMaxName) {
    while ((name.back() & 0xc0) == 0x80) name.pop_back();  // what continues a character of UTF-8
    name.pop_back();
  }
  return name + "…";
}

std::string percent(double share) { return std::isnan(share) ? "-" : fmt::format("{:.1f}", 100 * share); }

}  // namespace

void draw_confusion(const std::string& title, const std::vector<std::string>& names, const std::vector<int64_t>& matrix,
                    const std::string& path) {
  const size_t classes = names.size();
  CHECK_EQ(matrix.size(), classes * classes);
  const std::string caption = "Rows: the true class; columns: the predicted one. The darker, the larger the share of the row.";
  const double cell = std::clamp(std::floor(1200 / static_cast<double>(classes)), 1.0, 64.0);
  const double side = cell * static_cast<double>(classes), size = std::min(12.0, cell * 0.7);
  const bool named = cell >= 12;
  Canvas ruler(1, 1);
  std::vector<std::string> shown;
  double widest = ruler.text_width(12, "precision, %");
  if (named)
    for (const std::string& name : names) {
      shown.push_back(fitting(ruler, size, name));
      widest = std::max(widest, ruler.text_width(size, shown.back()));
    }
  const double rise = named ? widest * M_SQRT1_2 + size : 20;  // of the columns' names
  const double left = kMargin + widest + kGap, top = kHead + rise, right = left + side, bottom = top + side;
  const double width = std::max({right + std::max(64.0, rise) + kMargin, kMargin * 2 + ruler.text_width(18, title, true),
                                 kMargin * 2 + ruler.text_width(12, caption)});
  Canvas canvas(static_cast<int>(width), static_cast<int>(bottom + kMargin * 2));
  canvas.text(kMargin, 36, 0, 18, kInk, title, true);
  canvas.text(kMargin, 58, 0, 12, kSoft, caption);

  const std::vector<ClassCounts> counts = count_classes(matrix, classes);
  const std::string most = std::to_string(*std::max_element(matrix.begin(), matrix.end()));
  const bool numbered = ruler.text_width(12, most) <= cell - 6, precise = cell >= 40;
  const auto at = [&](double origin, size_t i) { return origin + cell * static_cast<double>(i); };
  const double base = cell / 2 + size * 0.35;  // of a text in the middle of a row
  for (size_t i = 0; i < classes; ++i)
    for (size_t j = 0; j < classes; ++j) {
      const int64_t n = matrix[i * classes + j];
      if (n == 0) continue;
      // The root: what goes wrong is a small share.
      const double shade = std::sqrt(static_cast<double>(n) / static_cast<double>(counts[i].images));
      const Color& color = i == j ? kBlue : kOrange;
      canvas.box(at(left, j), at(top, i), cell, cell, {color.r, color.g, color.b, shade});
      if (numbered)
        canvas.text(at(left, j) + cell / 2, at(top, i) + base, 0.5, 12, shade > 0.6 ? kWhite : kInk, std::to_string(n));
    }
  for (size_t i = 0; i <= classes; i += named ? 1 : classes) {
    canvas.line({{left, at(top, i) + 0.5}, {right, at(top, i) + 0.5}}, kGrid, 1);
    canvas.line({{at(left, i) + 0.5, top}, {at(left, i) + 0.5, bottom}}, kGrid, 1);
  }
  if (!named) {
    for (size_t i = 0; i < classes; i += static_cast<size_t>(tick_step(static_cast<double>(classes), 10))) {
      canvas.text(left - kGap, at(top, i) + 9, 1, 12, kSoft, std::to_string(i));
      canvas.text(at(left, i), top - kGap, 0, 12, kSoft, std::to_string(i));
    }
  } else {
    for (size_t i = 0; i < classes; ++i) {
      canvas.text(left - kGap, at(top, i) + base, 1, size, kInk, shown[i]);
      canvas.rising_text(at(left, i) + cell / 2, top - kGap / 2, size, kInk, shown[i]);
      canvas.text(right + 54, at(top, i) + base, 1, size, kSoft, percent(counts[i].recall()));
      if (precise) canvas.text(at(left, i) + cell / 2, bottom + 22, 0.5, 12, kSoft, percent(counts[i].precision()));
    }
    canvas.rising_text(right + 32, top - kGap / 2, 12, kSoft, "recall, %");
    if (precise) canvas.text(left - kGap, bottom + 22, 1, 12, kSoft, "precision, %");
  }
  canvas.write_png(path);
}

}  // namespace intrain
