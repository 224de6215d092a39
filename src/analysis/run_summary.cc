#include "analysis/run_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "checkpoint/signature.h"
#include "core/error.h"
#include "core/text.h"
#include "data/loader.h"
#include "data/photo_reader.h"
#include "runs/resume_point.h"
#include "settings/config_file.h"
#include "settings/crop.h"
#include "train/evaluate.h"
#include "train/test_logits.h"
#include "train/trained_net.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

constexpr int kBatch = 128;

void add_metrics(const std::string& path, RunReport& run) {
  int64_t unknown = 0;
  const bool found = read_metrics(path, [&](const MetricsRecord& record, const std::string&) {
    if (const auto* start = std::get_if<StartReport>(&record))
      run.starts.push_back(*start);
    else if (const auto* step = std::get_if<StepReport>(&record))
      run.steps.push_back(*step);
    else if (const auto* epoch = std::get_if<EpochReport>(&record))
      run.epochs.push_back(*epoch);
    else if (const auto* numbers = std::get_if<NumbersReport>(&record)) {
      add_exponents(*numbers, run.exponents);
      run.numbers = *numbers;
    } else {
      ++unknown;
    }
  });
  if (!found) run.problems.push_back("metrics.jsonl cannot be read: there are no curves.");
  if (unknown > 0)
    run.problems.push_back(
        fmt::format("{} of metrics.jsonl cannot be read and {} left out.", plural(unknown, "line"), unknown == 1 ? "is" : "are"));
}

// Stored numbers are the only ones of 32 bits but for the exponents of their momenta and for their averages.
int64_t count_parameters(const Checkpoint& checkpoint) {
  int64_t count = 0;
  for (const CheckpointArray& a : checkpoint.arrays)
    if (a.type == ElementType::kS32 && !a.name.ends_with(".momentum_exp") && !a.name.ends_with(".average")) count += a.count;
  return count;
}

std::vector<uint8_t> pixels_of(const Dataset& set, size_t image) {
  std::vector<uint8_t> pixels(static_cast<size_t>(set.image_size()));
  if (set.files.empty())
    std::copy_n(set.image(static_cast<int64_t>(image)), pixels.size(), pixels.begin());
  else
    PhotoReader().read(set.files[image], set.crop_q16, set.h, set.w, pixels.data());
  return pixels;
}

}  // namespace

RunReport read_run(const std::string& folder) {
  const auto has = [&](const char* name) {
    std::error_code ignored;
    return fs::exists(folder + "/" + name, ignored);
  };
  const std::string hint = "give the folder of a training, which holds config.json and metrics.jsonl";
  check_run_folder(folder, "", hint);
  if (!has("config.json") && !has("metrics.jsonl") && !has("final.ckpt")) throw Error("the folder holds no run", folder, hint);
  RunReport run;
  run.folder = folder;
  try {
    run.config = read_whole_config(folder + "/config.json");
  } catch (const Error& e) {
    run.problems.push_back(fmt::format("config.json: {}.", e.what()));
  }
  add_metrics(folder + "/metrics.jsonl", run);
  return run;
}

std::optional<Checkpoint> read_newest_checkpoint(RunReport& run) {
  try {
    ResumePoint point = find_resume_point(run.folder);
    for (const std::string& damaged : point.damaged) run.problems.push_back(damaged + ".");
    run.checkpoint = point.checkpoint.path;
    run.info = point.checkpoint.info;
    run.parameters = count_parameters(point.checkpoint);
    run.signature = signature_text(state_signature(point.checkpoint));
    try {
      check_config_file(run.folder, run.info.config, run.info.config);
    } catch (const Error& e) {
      run.problems.push_back(fmt::format("{} ({}).", e.what(), e.where));
    }
    run.config = run.info.config;
    return std::move(point.checkpoint);
  } catch (const Error& e) {
    run.problems.push_back(fmt::format("Nothing could be evaluated: {}.", e.what()));
    return {};
  }
}

Examination examine(const Checkpoint& checkpoint, const DataSplits& data, int threads,
                    const std::function<void(int64_t done, int64_t total)>& progress) {
  const Dataset& test = data.test;
  const int batch = std::min(kBatch, test.count), classes = checkpoint.info.classes;
  const TestViews views = views_of(checkpoint.info.config);
  check_views(views, data.mirror, test.h, test.w, "`eval` evaluates them with --no-test-mirror");
  TrainedNet trained(checkpoint, batch, false, threads);
  Loader loader(test, normalization_of(checkpoint), {.batch = batch, .threads = threads});
  const Evaluation result = evaluate(trained.net, loader, nullptr, progress, views);
  Examination e{data.spec, test.h, test.w, test.c, result.metrics, class_labels(checkpoint.info), {}, {}, {}, {}, views};
  if (!test.files.empty()) e.crop = crop_text(test.crop_q16);
  e.classes = count_classes(test.labels, result.predicted, classes);
  if (classes <= kMaxConfusionClasses) e.matrix = confusion_matrix(test.labels, result.predicted, classes);
  for (const Mistake& mistake : worst_mistakes(result, test.labels, kMistakesShown))
    e.mistakes.push_back({mistake, pixels_of(test, mistake.image)});
  return e;
}

}  // namespace intrain
