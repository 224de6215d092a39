#include "report/draw/numbers_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "report/draw/canvas.h"

namespace intrain {

namespace {

constexpr double kCellsLeft = 120, kCellsTop = 84, kCellWidth = 160, kCellHeight = 54, kCellGap = 14;

// Bars two integers wide, of a format within +-63 one, as high as the logarithm of the share; the ends of the format, where numbers are cut, in
// another color.
void draw_cell(Canvas& canvas, double x, double y, TensorKind kind, const TensorStatistics& s) {
  const double base = y + kCellHeight - 14;
  canvas.line({{x, base + 0.5}, {x + kCellWidth, base + 0.5}}, kGrid, 1);
  const bool positive =
      kind == TensorKind::kA && std::all_of(s.histogram.begin(), s.histogram.begin() + 128, [](int64_t n) { return n == 0; });
  const int wide = s.high_end < 64 ? 1 : 2, first = positive ? 128 : 128 - 64 * wide, bars = 128;
  const auto bar_of = [&](int64_t integer) { return static_cast<int>(integer + 128 - first) / wide; };
  constexpr double kDecades = 6;
  for (int bar = 0; bar < bars; ++bar) {
    const auto at = s.histogram.begin() + first + wide * bar;
    const int64_t count = std::accumulate(at, at + wide, int64_t{0});
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(s.count);
    const double height = std::max(0.02, 1 + std::log10(share) / kDecades) * (kCellHeight - 20);
    const bool end = bar == bar_of(s.high_end) || (!positive && bar == bar_of(s.low_end));
    canvas.box(x + bar * kCellWidth / bars, base - height, kCellWidth / bars, height, end ? kOrange : kBlue);
  }
  const auto percent = [&](int64_t n) { return 100 * static_cast<double>(n) / static_cast<double>(s.count); };
  canvas.text(x, base + 11, 0, 9, kSoft,
              fmt::format("2^{}, {:.1f} % zero, {:.2f} % cut", s.exp, percent(s.zeros), percent(s.saturated)));
}

}  // namespace

void draw_statistics(const std::string& title, const std::vector<LayerStatistics>& layers, const std::string& path) {
  std::vector<int> kinds;  // those that there are
  for (int kind = 0; kind < kTensorKinds; ++kind)
    if (std::any_of(layers.begin(), layers.end(), [&](const LayerStatistics& l) { return l.tensor[kind].count > 0; }))
      kinds.push_back(kind);
  const auto column = [](size_t i) { return kCellsLeft + static_cast<double>(i) * (kCellWidth + kCellGap); };
  const double width = column(kinds.size()) + kCellGap;
  const double height = kCellsTop + static_cast<double>(layers.size()) * kCellHeight + 40;
  Canvas canvas(static_cast<int>(width), static_cast<int>(height));
  canvas.text(kCellGap, 30, 0, 18, kInk, title, true);
  canvas.text(kCellGap, 50, 0, 12, kSoft,
              "Each integer over the range of 8 bits (A of a ReLU from 0; of wider ones the upper 8); height: logarithm of its "
              "share, from one in a million to all. Cut: at the ends of the format, in orange.");
  for (size_t i = 0; i < kinds.size(); ++i)
    canvas.text(column(i) + kCellWidth / 2, kCellsTop - 8, 0.5, 13, kInk, tensor_name(static_cast<TensorKind>(kinds[i])), true);
  double y = kCellsTop;
  for (const LayerStatistics& layer : layers) {
    canvas.text(kCellGap, y + kCellHeight - 16, 0, 12, kInk, layer.layer);
    for (size_t i = 0; i < kinds.size(); ++i)
      if (layer.tensor[kinds[i]].count > 0)
        draw_cell(canvas, column(i), y, static_cast<TensorKind>(kinds[i]), layer.tensor[kinds[i]]);
    y += kCellHeight;
  }
  canvas.write_png(path);
}

}  // namespace intrain
