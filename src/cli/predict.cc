#include "analysis/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "analysis/results_json.h"
#include "checkpoint/checkpoint.h"
#include "cli/commands.h"
#include "cli/decimal.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/text.h"
#include "data/photo_kinds.h"
#include "settings/crop.h"

namespace intrain::cli {

namespace {

struct PredictFlags {
  std::string checkpoint;
  std::vector<std::string> files;
  int top = 5;
  bool json = false;
  std::string crop;  // settings/crop.h; empty: that of the training
  ViewFlags views;
  int batch = 128;
  int threads = 1;
};

void print_prediction(const FilePrediction& prediction, const std::vector<std::string>& names, int columns) {
  print("{}\n", printable(prediction.file));
  for (const ClassScore& s : prediction.classes)
    print("  {:<{}.{}}  {:>6.2f} %\n", names[static_cast<size_t>(s.label)], columns, columns, 100 * s.probability);
}

// 2 if a file could not be read.
int run(const PredictFlags& flags) {
  validate_batch(flags.batch);
  validate_threads(flags.threads);
  if (flags.top < 1) throw Error(fmt::format("--top is {}", flags.top), "--top", "give a whole number, 1 or more");
  const Checkpoint checkpoint = read_trained(flags.checkpoint);
  std::vector<std::string> names = class_labels(checkpoint.info);
  for (std::string& name : names) name = printable(name);
  const int columns = name_columns(names);
  const size_t batch = std::min(static_cast<size_t>(flags.batch), flags.files.size());
  Predictor predictor(checkpoint, static_cast<int>(batch), flags.threads,
                      flags.crop.empty() ? std::nullopt : std::optional(parse_crop(flags.crop)),
                      flags.views.of(checkpoint.info.config));
  if (predictor.views().several() && !flags.json) print("{}\n", views_text(predictor.views()));
  std::vector<FilePrediction> all;
  for (size_t begin = 0; begin < flags.files.size(); begin += batch) {
    const std::span files = std::span(flags.files).subspan(begin);
    for (FilePrediction& p : predictor.predict(files.first(std::min(batch, files.size())), flags.top)) {
      if (!flags.json && !p.error) print_prediction(p, names, columns);
      all.push_back(std::move(p));
    }
    check_stdout();  // each batch as soon as it is known, also into a pipe; the rest is not computed where nobody reads it
  }
  if (flags.json) print("{}", predictions_json(checkpoint, predictor.views(), predictor.logits_exp(), all));
  int status = 0;
  for (const FilePrediction& p : all)
    if (p.error) status = print_error(*p.error);
  return status;
}

}  // namespace

Command add_predict(CLI::App& app) {
  const auto flags = std::make_shared<PredictFlags>();
  CLI::App& predict = *app.add_subcommand("predict", "Tell what a checkpoint's net sees on pictures");
  predict
      .add_option("image", flags->files,
                  photo_kinds_text() +
                      " files, cropped and scaled as evaluation does with photos; for nets that were not trained on "
                      "folder:DIR, all but what their images' shape cuts off; grey where the net takes grey")
      ->required()
      ->type_name("FILE")
      ->default_str("");
  add_checkpoint(predict, flags->checkpoint);
  add_number(predict, "--top", flags->top, "most probable classes to show for each; all if there are fewer")->type_name("N");
  predict.add_flag("--json", flags->json, "write one JSON document instead, logits and the files that cannot be read included");
  add_free_batch(predict, flags->batch);
  add_crop(predict, flags->crop);
  add_test_views(predict, flags->views);
  add_threads(predict, flags->threads);
  return {&predict, [flags] { return run(*flags); }};
}

}  // namespace intrain::cli
