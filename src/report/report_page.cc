#include "report/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/version.h"
#include "data/source.h"
#include "report/draw/canvas.h"
#include "report/draw/learning_curve.h"
#include "report/html.h"
#include "report/report_style.h"
#include "report/svg_chart.h"
#include "settings/duration.h"
#include "settings/train_command.h"
#include "train/tensor_counts.h"

namespace intrain {

namespace {

constexpr size_t kPoints = 400;  // of a line
constexpr double kChartWidth = 430, kChartHeight = 270;
constexpr size_t kTabulatedClasses = 30, kConfusionsShown = 8;
constexpr int kSmallSide = 96;  // images up to here are shown pixel by pixel
constexpr Color kRight{31, 102, 184}, kWrong{217, 95, 14};
constexpr const char* kNone = "–";

std::string e(std::string_view text) { return escape_html(text); }

std::string percent(double share, int digits = 2) {
  return std::isnan(share) ? kNone : fmt::format("{:.{}f}\u00a0%", 100 * share, digits);
}

// "1,234,567"
std::string grouped(int64_t n) {
  std::string text = std::to_string(n);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<size_t>(at), 1, ',');
  return text;
}

std::string plural(int64_t n, const char* noun) { return fmt::format("{} {}{}", grouped(n), noun, n == 1 ? "" : "s"); }

// The background shows the paper through: right on either scheme. On a deep one the text is white.
std::string shaded_cell(const Color& color, double depth, const std::string& text, const char* css) {
  return fmt::format(R"-(<td class="{}{}" style="background:rgba({},{},{},{:.3f})">{}</td>)-", css, depth > 0.72 ? " deep" : "",
                     color.r, color.g, color.b, depth, text);
}

std::string color_of(size_t run) {
  return run < 8 ? fmt::format("var(--c{})", run) : fmt::format("hsl({} 55% 50%)", run * 137 % 360);
}
std::string swatch(size_t run) { return fmt::format(R"(<span class="swatch" style="--line:{}"></span>)", color_of(run)); }

std::string title_of(const RunReport& run) {
  return run.config
             ? fmt::format("{} on {}", std::filesystem::path(run.config->model).filename().string(), data_name(run.config->data))
             : run.folder;
}

const EpochReport* best_epoch(const RunReport& run) {
  const auto best = std::max_element(run.epochs.begin(), run.epochs.end(),
                                     [](const auto& a, const auto& b) { return a.test_accuracy < b.test_accuracy; });
  return best == run.epochs.end() ? nullptr : &*best;
}

double median_speed(const RunReport& run) {
  std::vector<double> speeds;
  for (const EpochReport& r : run.epochs) speeds.push_back(r.images_per_second);
  const auto middle = speeds.begin() + static_cast<std::ptrdiff_t>(speeds.size() / 2);
  std::nth_element(speeds.begin(), middle, speeds.end());
  return *middle;
}

// Each that took a part, once.
std::string machines(const RunReport& run) {
  std::vector<std::string> list;
  for (const StartReport& s : run.starts) {
    const std::string text = fmt::format("{}, {}, {}, intrain {}", s.cpu.empty() ? "unknown CPU" : s.cpu, s.isa,
                                         plural(s.threads, "thread"), s.version);
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
  }
  std::string text;
  for (const std::string& machine : list) text += (text.empty() ? "" : "; ") + machine;
  return text.empty() ? "machine not recorded" : text;
}

std::string epochs_text(const RunReport& run) {
  return run.config ? fmt::format("{} of {}", run.epochs.size(), run.config->epochs) : std::to_string(run.epochs.size());
}

std::string tiles(const RunReport& run) {
  if (run.epochs.empty()) return "";
  const EpochReport &last = run.epochs.back(), &best = *best_epoch(run);
  std::string html = R"(<div class="tiles">)";
  const auto tile = [&](const std::string& value, const std::string& what) {
    html += fmt::format("<div><b>{}</b><span class=\"soft\">{}</span></div>", value, what);
  };
  tile(percent(last.test_accuracy), "last test accuracy");
  tile(percent(best.test_accuracy), fmt::format("best, after epoch {}", best.epoch));
  tile(fmt::format("{:.4f}", last.train_loss), "training loss");
  tile(epochs_text(run), "epochs");
  tile(grouped(std::llround(median_speed(run))), "images a second");
  tile(duration_text(last.seconds), "total time");
  return html + "</div>";
}

std::string summary(const std::vector<RunReport>& runs) {
  std::string html = R"(<div class="wide"><table class="runs"><tr><th>run</th><th>model</th><th>data</th><th>recipe</th>)"
                     R"(<th class="number">epochs</th><th class="number">batch</th><th class="number">parameters</th>)"
                     R"(<th class="number">test accuracy</th><th class="number">best</th><th class="number">training loss</th>)"
                     R"(<th class="number">images/s</th><th class="number">time</th></tr>)";
  double most = 0;
  for (const RunReport& run : runs)
    if (!run.epochs.empty()) most = std::max(most, run.epochs.back().test_accuracy);
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunReport& run = runs[i];
    html += fmt::format(R"(<tr><td>{}<a class="strong" href="#run{}">{}</a><br><span class="soft">{}{}</span></td>)", swatch(i),
                        i, e(run.folder),
                        run.signature.empty() ? "" : fmt::format("signature {} after step {}<br>", run.signature, run.info.step),
                        e(machines(run)));
    const auto cell = [&](const std::string& text, const char* css = "") {
      html += fmt::format("<td class=\"{}\">{}</td>", css, text);
    };
    cell(run.config ? e(run.config->model) : kNone);
    cell(run.config ? e(run.config->data) : kNone);
    cell(run.config ? e(run.config->recipe) : kNone);
    cell(epochs_text(run), "number");
    cell(run.config ? std::to_string(run.config->batch) : kNone, "number");
    cell(run.parameters > 0 ? grouped(run.parameters) : kNone, "number");
    if (run.epochs.empty()) {
      for (int column = 0; column < 5; ++column) cell(kNone, "number");
    } else {
      const EpochReport &last = run.epochs.back(), &best = *best_epoch(run);
      cell(percent(last.test_accuracy), runs.size() > 1 && last.test_accuracy == most ? "number strong" : "number");
      cell(fmt::format(R"({}<br><span class="soft">epoch {}</span>)", percent(best.test_accuracy), best.epoch), "number");
      cell(fmt::format("{:.4f}", last.train_loss), "number");
      cell(grouped(std::llround(median_speed(run))), "number");
      cell(duration_text(last.seconds), "number");
    }
    html += "</tr>";
  }
  return html + "</table></div>";
}

std::string figure(const std::string& title, const std::string& caption, const Chart& chart) {
  return fmt::format("<figure><figcaption><b>{}</b>{}</figcaption>{}</figure>", title, caption,
                     chart_svg(chart, kChartWidth, kChartHeight));
}

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

// One pixel an entry, for more classes than a table has room for.
std::string heat_map(const Examination& x) {
  const size_t n = x.names.size();
  std::vector<uint8_t> pixels;
  for (size_t i = 0; i < n * n; ++i) {
    const int64_t images = x.classes[i / n].images;
    const double share = images == 0 ? 0 : std::sqrt(static_cast<double>(x.matrix[i]) / static_cast<double>(images));
    const Color& color = i / n == i % n ? kRight : kWrong;
    for (const double c : {color.r, color.g, color.b}) pixels.push_back(static_cast<uint8_t>(255 + (c - 255) * share));
  }
  return fmt::format(R"(<img class="heat" alt="confusion matrix" src="{}">)",
                     png_data_uri(png_of(pixels.data(), static_cast<int>(n), static_cast<int>(n), 3)));
}

// The largest entries beside the diagonal, in words.
std::string most_confused(const Examination& x) {
  const size_t n = x.names.size();
  std::vector<size_t> order;
  for (size_t i = 0; i < x.matrix.size(); ++i)
    if (i / n != i % n && x.matrix[i] > 0) order.push_back(i);
  const size_t shown = std::min(order.size(), kConfusionsShown);
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                    [&](size_t a, size_t b) { return x.matrix[a] != x.matrix[b] ? x.matrix[a] > x.matrix[b] : a < b; });
  if (shown == 0) return "";
  std::string html = "<p>Most often: ";
  for (size_t k = 0; k < shown; ++k)
    html += fmt::format("{}{} taken for {} ({})", k == 0 ? "" : "; ", e(x.names[order[k] / n]), e(x.names[order[k] % n]),
                        x.matrix[order[k]]);
  return html + ".</p>";
}

// The rates of each class, with its row of the matrix before them where there is room.
std::string class_table(const Examination& x) {
  const size_t n = x.names.size();
  const bool whole = n <= kTabulatedClasses;
  std::string html = fmt::format(R"(<div class="{}"><table class="matrix"><tr><th></th>)", whole ? "wide" : "scroll");
  for (size_t j = 0; whole && j < n; ++j) html += fmt::format(R"(<th class="turned"><span>{}</span></th>)", e(x.names[j]));
  for (const char* rate : {"images", "recall", "precision", "F1"}) html += fmt::format(R"(<th class="number">{}</th>)", rate);
  html += "</tr>";
  for (size_t i = 0; i < n; ++i) {
    const ClassCounts& c = x.classes[i];
    html += fmt::format(R"(<tr><td class="name" title="{0}">{0}</td>)", e(x.names[i]));
    for (size_t j = 0; whole && j < n; ++j) {
      const int64_t count = x.matrix[i * n + j];
      // The root: what goes wrong is a small share.
      const double depth = std::sqrt(static_cast<double>(count) / static_cast<double>(std::max<int64_t>(1, c.images)));
      html += count == 0 ? "<td></td>" : shaded_cell(i == j ? kRight : kWrong, depth, std::to_string(count), "");
    }
    html += fmt::format(R"(<td class="rate">{}</td>)", c.images);
    for (const double rate : {c.recall(), c.precision(), c.f1()})
      html += fmt::format(R"(<td class="rate">{}</td>)", percent(rate, 1));
    html += "</tr>";
  }
  return html + "</table></div>";
}

std::string mistakes(const Examination& x) {
  if (x.mistakes.empty()) return "<p>Every test image is right.</p>";
  std::string html = R"(<div class="mistakes">)";
  for (const Examination::Picture& p : x.mistakes) {
    const auto name = [&](int label) { return e(x.names[static_cast<size_t>(label)]); };
    html += fmt::format(
        R"(<figure><img class="{}" alt="" src="{}"><figcaption>is <b>{}</b><br>taken for <b>{}</b>, {}</figcaption></figure>)",
        std::max(x.h, x.w) <= kSmallSide ? "small" : "", png_data_uri(png_of(p.pixels.data(), x.h, x.w, x.c)),
        name(p.mistake.label), name(p.mistake.predicted), percent(p.mistake.probability, 1));
  }
  return html + "</div>";
}

std::string examination(const RunReport& run) {
  if (!run.examination) return "";
  const Examination& x = *run.examination;
  std::string html = fmt::format(
      R"(<h3>Which class is taken for which</h3><p class="soft">{} of {} of {} are right: {}, loss {:.4f}. By <code>{}</code>.{}{}</p>)",
      grouped(x.metrics.hits), plural(x.metrics.count, "test image"), e(x.data), percent(x.metrics.accuracy()),
      x.metrics.mean_loss(), e(run.checkpoint), x.crop.empty() ? "" : fmt::format(" Of the photos it sees {}.", x.crop),
      x.matrix.empty() ? "" : " Rows: the true class; columns: the predicted one. The darker, the larger the share of the row.");
  if (x.names.size() > kTabulatedClasses && !x.matrix.empty()) html += heat_map(x);
  html += most_confused(x) + class_table(x);
  return html +
         R"(<h3>The worst mistakes</h3><p class="soft">The wrong ones with the largest loss, as the net sees them; the )"
         R"(probability is that of the class predicted.</p>)" +
         mistakes(x);
}

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

std::string settings(const std::vector<RunReport>& runs) {
  std::vector<std::vector<Setting>> columns;
  std::string html = R"(<h2>Settings</h2><div class="wide"><table class="settings"><tr><th></th>)";
  for (size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].config) continue;
    columns.push_back(settings_of(*runs[i].config));
    html += fmt::format("<th>{}{}</th>", swatch(i), e(runs[i].folder));
  }
  html += "</tr>";
  if (columns.empty()) return "";
  for (size_t row = 0; row < columns[0].size(); ++row) {
    if (columns[0][row].name == "out") continue;  // the run's folder
    const bool differs =
        std::any_of(columns.begin(), columns.end(), [&](const auto& c) { return c[row].value != columns[0][row].value; });
    html += fmt::format("<tr{}><th>{}</th>", differs ? R"( class="differs")" : "", e(columns[0][row].name));
    for (const auto& column : columns)
      html += fmt::format("<td>{}</td>", column[row].value.empty() ? kNone : e(column[row].value));
    html += "</tr>";
  }
  html += "</table></div><h3>To repeat</h3>";
  for (const RunReport& run : runs) {
    if (!run.config) continue;
    html += fmt::format("<pre>{}</pre>", e(train_command_of(*run.config, run.folder + "/config.json")));
  }
  return html;
}

}  // namespace

std::string report_page(const std::vector<RunReport>& runs) {
  std::string title = title_of(runs[0]);
  if (runs.size() > 1) {
    const bool same = std::all_of(runs.begin(), runs.end(), [&](const RunReport& r) { return title_of(r) == title; });
    title = fmt::format("{} runs{}", runs.size(), same ? " of " + title : "");
  }
  std::string html = fmt::format(
      R"(<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">)"
      R"(<meta name="viewport" content="width=device-width, initial-scale=1"><title>{0}</title><style>{1}</style></head>)"
      R"(<body><h1>{0}</h1><p class="soft">Trained wholly in integers by intrain: how training went, where the result is )"
      R"(wrong, how the numbers fill their formats, and every setting.</p>)",
      e(title), kReportStyle);
  if (runs.size() == 1) html += tiles(runs[0]);
  html += summary(runs) + "<h2>Curves</h2>" + curves(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    html += fmt::format(R"(<section id="run{}"><h2>{}{}</h2>)", i, runs.size() == 1 ? "" : swatch(i), e(runs[i].folder));
    for (const std::string& problem : runs[i].problems) html += fmt::format(R"(<p class="problem">{}</p>)", e(problem));
    html += examination(runs[i]) + exponents(runs[i]) + numbers(runs[i]) + "</section>";
  }
  html += settings(runs);
  return html +
         fmt::format("<footer>Written by intrain {}.</footer><script>{}</script></body></html>\n", kVersion, kReportScript);
}

}  // namespace intrain
