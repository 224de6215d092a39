#include "cli/data.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/progress.h"

namespace intrain::cli {

DataSplits load_showing(const std::string& spec, bool evaluation_only) {
  ProgressBar bar(stdout, isatty(STDOUT_FILENO) != 0);
  return load_data(spec, {evaluation_only, [&](int64_t done, int64_t total) {
                            if (!bar.due()) return;
                            const std::string text = fmt::format("{} of {} photos", done, total);
                            bar.draw("checking ", static_cast<double>(done) / static_cast<double>(total), text,
                                     "checking " + text);
                          }});
}

void print_broken(const DataSplits& data) {
  constexpr size_t kShown = 20;
  if (data.broken.empty()) return;
  fmt::print("left out as unreadable: {} file{}\n", data.broken.size(), data.broken.size() == 1 ? "" : "s");
  for (size_t i = 0; i < std::min(kShown, data.broken.size()); ++i) fmt::print("  {}\n", data.broken[i]);
  if (data.broken.size() > kShown) fmt::print("  and {} more\n", data.broken.size() - kShown);
}

}  // namespace intrain::cli
