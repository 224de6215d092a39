#include "report/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/version.h"
#include "data/source.h"
#include "report/curves.h"
#include "report/examination.h"
#include "report/formats.h"
#include "report/overview.h"
#include "report/page_parts.h"
#include "report/report_style.h"
#include "report/settings_table.h"

namespace intrain {

using namespace page;  // its sections

namespace {

std::string title_of(const RunReport& run) {
  return run.config
             ? fmt::format("{} on {}", std::filesystem::path(run.config->model).filename().string(), data_name(run.config->data))
             : run.folder;
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
  html += settings_table(runs);
  return html +
         fmt::format("<footer>Written by intrain {}.</footer><script>{}</script></body></html>\n", kVersion, kReportScript);
}

}  // namespace intrain
