#include "report/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/draw/thinned_line.h"
#include "report/page_parts.h"

namespace intrain::page {

namespace {

// Adds the losses and learning rates of all runs.
void add_steps(const std::vector<RunReport>& runs, Chart& loss, Chart& rate) {
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].steps.empty()) continue;
    ChartSeries batches{runs[i].folder, color_of(i), {}, {}}, rates = batches;
    for (const StepReport& r : runs[i].steps) {
      batches.x.push_back(static_cast<double>(r.step));
      batches.y.push_back(r.loss);
      rates.y.push_back(r.rate);
      rate.y_max = std::max(rate.y_max, r.rate * 1.05);
    }
    rates.x = batches.x;
    rate.series.push_back(thinned(rates, kPoints));
    rate.x_max = loss.x_max = std::max(loss.x_max, batches.x.back());
    // The few largest losses of the start would flatten the rest.
    std::vector<double> sorted = batches.y;
    std::sort(sorted.begin(), sorted.end());
    loss.y_max = std::max(loss.y_max, sorted[(sorted.size() - 1) * 995 / 1000] * 1.05);
    ChartSeries mean = batches;
    mean.y = smoothed(batches.y);
    batches.pale = true;
    if (runs.size() == 1) loss.series.push_back(thinned(batches, 3 * kPoints));
    loss.series.push_back(thinned(mean, kPoints));
  }
}

Chart accuracy_chart(const std::vector<RunReport>& runs) {
  Chart chart{"epoch", " %", 0, 1, 100, 0};
  for (size_t i = 0; i < runs.size(); ++i) {
    const bool dots = runs[i].epochs.size() <= 60;
    ChartSeries train{runs[i].folder + ", training", color_of(i), {}, {}, true, dots}, test = train;
    test.name = runs[i].folder + ", test";
    test.dashed = false;
    for (const EpochReport& r : runs[i].epochs) {
      train.x.push_back(r.epoch);
      train.y.push_back(100 * r.train_accuracy);
      test.y.push_back(100 * r.test_accuracy);
      chart.y_min = std::min({chart.y_min, train.y.back(), test.y.back()});
      chart.y_max = std::max({chart.y_max, train.y.back(), test.y.back()});
      chart.x_max = std::max(chart.x_max, train.x.back());
    }
    test.x = train.x;
    chart.series.insert(chart.series.end(), {thinned(train, kPoints), thinned(test, kPoints)});
  }
  // Out to multiples of 5, with some air; from 0 to 100 before the first epoch.
  if (chart.y_max < chart.y_min) std::swap(chart.y_min, chart.y_max);
  chart.y_min = std::max(0.0, std::floor(chart.y_min / 5 - 0.2) * 5);
  chart.y_max = std::min(100.0, std::ceil(chart.y_max / 5 + 0.2) * 5);
  chart.x_min = 1 - 0.06 * chart.x_max;
  chart.x_max *= 1.06;
  return chart;
}

}  // namespace

std::string curves(const std::vector<RunReport>& runs) {
  Chart loss{"step", "", 0, 1, 0, 0.01}, rate{"step", "", 0, 1, 0, 1e-9};
  add_steps(runs, loss, rate);
  std::string html;
  if (runs.size() > 1) {
    html += "<p>";
    for (size_t i = 0; i < runs.size(); ++i) html += fmt::format("{}{} &emsp;", swatch(i), e(runs[i].folder));
    html += "</p>";
  }
  return html + R"(<div class="charts">)" +
         figure("Training loss", runs.size() == 1 ? "of each batch, and smoothed" : "smoothed", loss) +
         figure("Accuracy", "solid: test images; dashed: training", accuracy_chart(runs)) + figure("Learning rate", "", rate) +
         "</div>";
}

}  // namespace intrain::page
