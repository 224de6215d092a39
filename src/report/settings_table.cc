#include "report/settings_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/page_parts.h"
#include "settings/train_command.h"

namespace intrain::page {

std::string settings_table(const std::vector<RunReport>& runs) {
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

}  // namespace intrain::page
