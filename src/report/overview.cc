#include "report/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/page_parts.h"
#include "settings/duration.h"

namespace intrain::page {

namespace {

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
                                         counted(s.threads, "thread"), s.version);
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
  }
  std::string text;
  for (const std::string& machine : list) text += (text.empty() ? "" : "; ") + machine;
  return text.empty() ? "machine not recorded" : text;
}

std::string epochs_text(const RunReport& run) {
  return run.config ? fmt::format("{} of {}", run.epochs.size(), run.config->epochs) : std::to_string(run.epochs.size());
}

}  // namespace

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

}  // namespace intrain::page
