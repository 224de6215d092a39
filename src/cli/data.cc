#include "cli/data.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "core/error.h"
#include "core/text.h"
#include "data/left_out.h"
#include "train/data_options.h"

namespace intrain::cli {

namespace {

std::string shape_text(int h, int w, int c, int classes) {
  return fmt::format("{}x{}x{} images and {} classes", h, w, c, classes);
}

}  // namespace

DataSplits load_showing(const std::string& spec, LoadOptions options, int threads, std::FILE* out) {
  ProgressBar bar(out);
  options.threads = threads;
  const std::unique_ptr<Reducer> ranks = make_reducer();
  options.ranks = ranks.get();
  options.progress = [&](int64_t done, int64_t total) {
    if (!bar.due()) return;
    const std::string text = fmt::format("{} of {} photos", done, total);
    bar.draw("checking ", static_cast<double>(done) / static_cast<double>(total), text, "checking " + text);
  };
  DataSplits data = load_data(spec, options);
  bar.clear();
  if (!data.note.empty()) print_warning(data.note);
  return data;
}

DataSplits load_again(const TrainConfig& config, Trust trust) {
  LoadOptions options = training_options(config);
  if (trust == Trust::kNone) options.cache.clear();
  try {
    return load_showing(config.data, options, config.threads);
  } catch (Error& e) {
    e.hint += "; if the data lies elsewhere now, say where with `data`";
    throw;
  }
}

void print_photos(const DataSplits& data) {
  std::vector<std::string> files = data.train.files;
  files.insert(files.end(), data.test.files.begin(), data.test.files.end());
  if (!files.empty()) print(stdout, "photos: {} ({})\n", files.size(), endings_text(files));
}

void print_broken(const DataSplits& data, std::FILE* out, const std::string& folder) {
  constexpr size_t kShown = 20;
  if (data.broken.empty()) return;
  print(out, "left out: {}{}\n", data.left_out, folder.empty() ? "" : "; all named in " + printable(folder) + "/broken.txt");
  for (size_t i = 0; i < std::min(kShown, data.broken.size()); ++i) print(out, "  {}\n", printable(data.broken[i]));
  if (data.broken.size() <= kShown) return;
  print(out, "  and {} more\n", data.broken.size() - kShown);
}

void check_fit(const Checkpoint& checkpoint, const Dataset& set, const DataSplits& data) {
  const CheckpointInfo& info = checkpoint.info;
  const std::string hint = fmt::format("give it data like '{}', on which it was trained, with --data", info.config.data);
  if (info.h != set.h || info.w != set.w || info.c != set.c || info.classes != set.classes)
    throw Error(
        fmt::format("the checkpoint of {} is for {}, but {} has {}", info.model, shape_text(info.h, info.w, info.c, info.classes),
                    data.spec, shape_text(set.h, set.w, set.c, set.classes)),
        checkpoint.path, hint);
  if (!info.class_names.empty() && !data.class_names.empty() && info.class_names != data.class_names)
    throw Error(fmt::format("the checkpoint of {} knows other classes than {} has", info.model, data.spec), checkpoint.path,
                hint);
}

}  // namespace intrain::cli
