#include "report/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/page_parts.h"
#include "train/tensor_counts.h"

namespace intrain::page {

std::string exponents(const RunReport& run) {
  if (run.exponents.empty()) return "";
  std::string html =
      R"(<h3>Exponents over time</h3><p class="soft">The exponent e of the integers' unit 2<sup>e</sup>; a line a layer, )"
      R"(from the first (blue) to the last (orange).</p><div class="charts">)";
  for (const TensorKind kind : kExponentKinds) {
    Chart chart{"step", "", 0, 1, 0, 0, true};
    std::vector<double> all;
    for (const ExponentTrack& t : run.exponents) {
      if (t.tensor != tensor_name(kind)) continue;
      chart.series.push_back(thinned({t.layer, "", t.steps, t.exps}, kPoints));
      all.insert(all.end(), t.exps.begin(), t.exps.end());
      chart.x_max = std::max(chart.x_max, t.steps.back());
    }
    if (all.empty()) continue;
    const auto [low, high] = std::minmax_element(all.begin(), all.end());
    chart.y_min = *low - 1;
    chart.y_max = *high + 1;
    const double last = static_cast<double>(std::max<size_t>(2, chart.series.size()) - 1);
    for (size_t i = 0; i < chart.series.size(); ++i)
      chart.series[i].color = fmt::format("hsl({:.0f} 65% 55%)", 220 + 170 * static_cast<double>(i) / last);
    html += figure(tensor_name(kind), "", chart);
  }
  return html + "</div>";
}

std::string numbers(const RunReport& run) {
  if (!run.numbers) return "";
  constexpr TensorKind kKinds[] = {TensorKind::kW,  TensorKind::kA,  TensorKind::kXHat,
                                   TensorKind::kE1, TensorKind::kE2, TensorKind::kG};
  std::string html = fmt::format(
      R"(<h3>How the numbers fill their formats</h3><p class="soft">In step {}: percent of each layer's integers that are )"
      R"(zero, and that are saturated, at the end of their format.</p>)"
      R"(<div class="wide"><table class="numbers"><tr><th rowspan="2">layer</th>)",
      run.numbers->step);
  for (const TensorKind kind : kKinds) html += fmt::format(R"(<th colspan="2" class="first">{}</th>)", tensor_name(kind));
  html += "</tr><tr>";
  for (size_t i = 0; i < std::size(kKinds); ++i) html += R"(<th class="first">zero</th><th>saturated</th>)";
  std::string layer;
  const std::vector<NumbersReport::Tensor>& tensors = run.numbers->tensors;
  for (const NumbersReport::Tensor& row : tensors) {
    if (row.layer == layer) continue;  // a row for its first tensor
    layer = row.layer;
    html += fmt::format("</tr><tr><td>{}</td>", e(layer));
    for (const TensorKind kind : kKinds) {
      const auto t = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const auto& n) { return n.layer == layer && n.tensor == tensor_name(kind); });
      if (t == tensors.end())
        html += R"(<td class="first"></td><td></td>)";
      else
        // The root: a few saturated ones are worth a look.
        html += shaded_cell(kRight, 0.6 * t->zeros, fmt::format("{:.2f}", 100 * t->zeros), "first number") +
                shaded_cell(kWrong, 0.6 * std::sqrt(t->saturated), fmt::format("{:.3f}", 100 * t->saturated), "number");
    }
  }
  return html + "</tr></table></div>";
}

}  // namespace intrain::page
