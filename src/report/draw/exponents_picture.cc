#include "report/draw/exponents_picture.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/draw/axes.h"
#include "report/draw/ticks.h"
#include "train/tensor_counts.h"

namespace intrain {

namespace {

constexpr double kPanel = 380, kLeft = 60, kTop = 90, kWidth = kPanel - kLeft - 20, kHeight = 330;

// From dark blue over green to yellow.
Color shade(double share) { return {0.10 + 0.75 * share * share, 0.20 + 0.55 * share, 0.55 - 0.45 * share}; }

}  // namespace

void draw_exponents(const std::string& title, const std::vector<ExponentTrack>& tracks, const std::string& path) {
  std::vector<TensorKind> kinds;  // those that there are: older runs have no G
  for (const TensorKind kind : kExponentKinds)
    if (std::any_of(tracks.begin(), tracks.end(), [&](const ExponentTrack& t) { return t.tensor == tensor_name(kind); }))
      kinds.push_back(kind);
  Canvas canvas(static_cast<int>(kPanel * static_cast<double>(std::max(size_t{2}, kinds.size()))),
                static_cast<int>(kTop + kHeight + 50));
  canvas.text(20, 30, 0, 18, kInk, title, true);
  canvas.text(20, 50, 0, 12, kSoft,
              "The exponent e of the integers' unit 2^e, by step; a line a layer, from the first (dark) to the last (light).");
  double last = 1;
  for (const ExponentTrack& t : tracks) last = std::max(last, t.steps.empty() ? 0 : t.steps.back());
  for (size_t panel = 0; panel < kinds.size(); ++panel) {
    std::vector<const ExponentTrack*> shown;
    for (const ExponentTrack& t : tracks)
      if (t.tensor == tensor_name(kinds[panel])) shown.push_back(&t);
    double low = shown.empty() ? 0 : shown[0]->exps[0], high = low;
    for (const ExponentTrack* t : shown)
      for (const double e : t->exps) {
        low = std::min(low, e);
        high = std::max(high, e);
      }
    low -= 1;
    high += 1;
    const double left = static_cast<double>(panel) * kPanel + kLeft;
    const Axes axes{canvas, left, left + kWidth, kTop, kTop + kHeight, 0, last, low, high};
    const auto py = [&](double e) { return kTop + (high - e) / (high - low) * kHeight; };
    canvas.text(left, kTop - 12, 0, 14, kInk, tensor_name(kinds[panel]), true);
    for (const double e : ticks(low, high, std::max(1.0, tick_step(high - low, 8)))) {
      canvas.line({{left, py(e)}, {left + kWidth, py(e)}}, kGrid, 1);
      canvas.text(left - 8, py(e) + 4, 1, 12, kSoft, fmt::format("{:.0f}", e));
    }
    axes.x_numbers(tick_step(last, 5));
    canvas.text(left + kWidth / 2, kTop + kHeight + 40, 0.5, 12, kSoft, "step");
    for (size_t i = 0; i < shown.size(); ++i) {
      std::vector<Canvas::Point> points;
      for (size_t j = 0; j < shown[i]->steps.size(); ++j) points.push_back({axes.px(shown[i]->steps[j]), py(shown[i]->exps[j])});
      const Color color = shade(static_cast<double>(i) / static_cast<double>(std::max<size_t>(1, shown.size() - 1)));
      canvas.line(points, color, 1.2);
      if (points.size() == 1) canvas.dot(points[0].x, points[0].y, 2, color);
    }
  }
  canvas.write_png(path);
}

}  // namespace intrain
