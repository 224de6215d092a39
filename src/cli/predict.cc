#include "analysis/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "analysis/results_json.h"
#include "checkpoint/checkpoint.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/text.h"
#include "settings/crop.h"

namespace intrain::cli {

namespace {

void print_prediction(const FilePrediction& prediction, const std::vector<std::string>& names, int columns) {
  print("{}\n", printable(prediction.file));
  for (const ClassScore& s : prediction.classes)
    print("  {:<{}.{}}  {:>6.2f} %\n", names[static_cast<size_t>(s.label)], columns, columns, 100 * s.probability);
}

}  // namespace

int predict_command(const PredictFlags& flags) {
  validate_batch(flags.batch);
  validate_threads(flags.threads);
  if (flags.top < 1) throw Error(fmt::format("--top is {}", flags.top), "--top", "a whole number from 1");
  const Checkpoint checkpoint = read_trained(flags.checkpoint);
  std::vector<std::string> names = class_labels(checkpoint.info);
  for (std::string& name : names) name = printable(name);
  const int columns = name_columns(names);
  const size_t batch = std::min(static_cast<size_t>(flags.batch), flags.files.size());
  Predictor predictor(checkpoint, static_cast<int>(batch), flags.threads,
                      flags.crop.empty() ? std::nullopt : std::optional(parse_crop(flags.crop)));
  std::vector<FilePrediction> all;
  for (size_t begin = 0; begin < flags.files.size(); begin += batch) {
    const std::span files = std::span(flags.files).subspan(begin);
    for (FilePrediction& p : predictor.predict(files.first(std::min(batch, files.size())), flags.top)) {
      if (!flags.json && !p.error) print_prediction(p, names, columns);
      all.push_back(std::move(p));
    }
    check_stdout();  // each batch as soon as it is known, also into a pipe; the rest is not computed where nobody reads it
  }
  if (flags.json) print("{}", predictions_json(checkpoint, predictor.logits_exp(), all));
  int status = 0;
  for (const FilePrediction& p : all)
    if (p.error) status = print_error(*p.error);
  return status;
}

}  // namespace intrain::cli
