#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "cli/commands.h"
#include "cli/data.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/error.h"
#include "core/text.h"
#include "io/atomic_file.h"
#include "report/report_page.h"
#include "train/data_options.h"

namespace intrain::cli {

namespace {

struct ReportFlags {
  std::vector<std::string> runs;  // folders
  std::string data;               // empty: the data that each was trained on
  int threads = 1;
  std::string out = "report.html";
};

int run(const ReportFlags& flags) {
  validate_threads(flags.threads);
  std::vector<RunReport> runs;
  for (const std::string& folder : flags.runs) runs.push_back(read_run(folder));
  check_writable("--out", flags.out);
  std::optional<DataSplits> data;  // of the run before: runs are mostly compared on the same
  LoadOptions shown;
  for (RunReport& run : runs) {
    const std::optional<Checkpoint> checkpoint = read_newest_checkpoint(run);
    if (!checkpoint) continue;
    const std::string spec = flags.data.empty() ? run.info.config.data : flags.data;
    print("evaluating {} on {}\n", printable(checkpoint->path), printable(spec));
    flush(stdout);
    try {
      // Elsewhere, perhaps, but the split is the run's.
      const LoadOptions options = evaluation_options(run.info, run.info.config.data);
      if (!data || data->spec != spec || !same_images(options, shown)) {
        data.reset();
        data = load_showing(spec, options, flags.threads);
        shown = options;
      }
      check_fit(*checkpoint, data->test, *data);
      ProgressBar bar(stdout);
      run.examination = examine(*checkpoint, *data, flags.threads, [&](int64_t done, int64_t total) {
        const std::string text = fmt::format("{} of {} batches", done, total);
        if (bar.due()) bar.draw("", static_cast<double>(done) / static_cast<double>(total), text, text);
      });
    } catch (const Error& e) {
      run.problems.push_back(fmt::format("Nothing could be evaluated: {}{}; {}.", e.what(),
                                         place_of(e).empty() ? "" : fmt::format(" ({})", place_of(e)), with_flags(e.hint)));
    }
  }
  for (const RunReport& run : runs)
    for (const std::string& problem : run.problems) print("{}: {}\n", printable(run.folder), printable(problem));
  write_file(flags.out, report_page(runs));
  print("report: {}\n", printable(flags.out));
  return 0;
}

}  // namespace

Command add_report(CLI::App& app) {
  const auto flags = std::make_shared<ReportFlags>();
  CLI::App& report = *app.add_subcommand("report", "Write a page of HTML about runs: curves, mistakes, numbers, settings");
  report.add_option("run", flags->runs, "run folders; several are compared")->required()->type_name("RUN")->default_str("");
  report.add_option("--out", flags->out, "page to write; it needs no other file")->type_name("FILE");
  add_data(report, flags->data, "if not given, the data that each was trained on");
  add_threads(report, flags->threads);
  return {&report, [flags] { return run(*flags); }};
}

}  // namespace intrain::cli
