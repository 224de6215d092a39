#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "analysis/confusion.h"
#include "analysis/results_json.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/signature.h"
#include "cli/commands.h"
#include "cli/data.h"
#include "cli/decimal.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/ranks.h"
#include "core/error.h"
#include "core/text.h"
#include "report/draw/confusion_picture.h"
#include "settings/crop.h"
#include "settings/number_text.h"
#include "train/data_options.h"
#include "train/evaluate.h"
#include "train/over_ranks.h"
#include "train/test_logits.h"
#include "train/trained_net.h"

namespace intrain::cli {

namespace {

constexpr int kTabulatedClasses = 20;

struct EvalFlags {
  std::string checkpoint;
  std::string data;   // empty: the data that the checkpoint was trained on
  std::string split;  // train, val or test; empty: what training evaluates on
  int batch = 128;
  int threads = 1;
  std::string json, confusion;  // empty: none; json "-": stdout
  std::string crop;             // settings/crop.h; empty: that of the training
  ViewFlags views;
};

// Number and name of each class, of equal width.
std::vector<std::string> row_heads(const CheckpointInfo& info) {
  std::vector<std::string> names = class_labels(info);
  for (std::string& name : names) name = printable(name);
  const int columns = name_columns(names);
  std::vector<std::string> heads;
  for (size_t i = 0; i < names.size(); ++i)
    heads.push_back(info.class_names.empty() ? fmt::format("{:>5}", i)
                                             : fmt::format("{:>2} {:<{}.{}}", i, names[i], columns, columns));
  return heads;
}

void print_classes(std::FILE* out, const CheckpointInfo& info, const Dataset& set, const std::vector<int32_t>& predicted) {
  const std::vector<std::string> heads = row_heads(info);
  const std::string blank = fmt::format("{:<{}}", "class", fmt::formatted_size("{}", heads[0]));
  const std::vector<ClassCounts> counts = count_classes(set.labels, predicted, info.classes);
  print(out, "\n{}  {:>8}  {:>9}  {:>9}  {:>9}\n", blank, "images", "precision", "recall", "F1");
  for (size_t i = 0; i < counts.size(); ++i)
    print(out, "{}  {:>8}  {:>9}  {:>9}  {:>9}\n", heads[i], counts[i].images, percent_text(counts[i].precision()),
          percent_text(counts[i].recall()), percent_text(counts[i].f1()));

  const std::vector<int64_t> matrix = confusion_matrix(set.labels, predicted, info.classes);
  const size_t columns = std::max<size_t>(2, std::to_string(*std::max_element(matrix.begin(), matrix.end())).size());
  print(out, "\n{}  predicted class\n{}", blank, std::string(blank.size(), ' '));
  for (int i = 0; i < info.classes; ++i) print(out, "  {:>{}}", i, columns);
  for (size_t i = 0; i < matrix.size(); ++i) {
    if (i % heads.size() == 0) print(out, "\n{}", heads[i / heads.size()]);
    print(out, "  {:>{}}", matrix[i], columns);
  }
  print(out, "\n\n");
}

std::optional<Split> to_split(const std::string& name) {
  if (name.empty()) return {};
  if (name == "train") return Split::kTrain;
  if (name == "val") return Split::kVal;
  if (name == "test") return Split::kTest;
  throw Error("'" + name + "' is no split", "--split", "it takes train, val or test");
}

int run(const EvalFlags& flags) {
  const std::optional<Split> split = to_split(flags.split);
  const std::string split_name = flags.split.empty() ? "test" : flags.split;
  validate_batch(flags.batch);
  check_writable("--json", flags.json);
  check_writable("--confusion", flags.confusion);
  const Checkpoint checkpoint = read_trained(flags.checkpoint);
  const CheckpointInfo& info = checkpoint.info;
  if (!flags.confusion.empty() && info.classes > kMaxConfusionClasses)
    throw Error(fmt::format("{} classes are too many for a picture", info.classes), "--confusion",
                fmt::format("it shows at most {}; --json has the counts of each class", kMaxConfusionClasses));
  // With the JSON on stdout, what is for people goes where it does not disturb.
  std::FILE* const out = flags.json == "-" ? stderr : stdout;
  const std::string& spec = flags.data.empty() ? info.config.data : flags.data;
  LoadOptions options = evaluation_options(info, spec, split);
  if (!flags.crop.empty()) options.crop_q16 = parse_crop(flags.crop);
  const DataSplits data = load_showing(spec, options, flags.threads, out);
  check_fit(checkpoint, data.test, data);
  if (!flags.crop.empty() && data.test.files.empty())
    throw Error("there are no photos to crop", Setting{"crop"}, "leave it out: it is for folder:DIR");
  const TestViews views = flags.views.of(info.config);
  check_views(views, data.mirror, data.test.h, data.test.w, "evaluate them with --no-test-mirror");

  const int batch = std::min(flags.batch, data.test.count);
  const std::shared_ptr<Runtime> runtime = make_runtime(flags.threads);
  Reducer& ranks = runtime->reducer();
  if (ranks.ranks() > 1) {
    CheckpointInfo here = make_info(info.config, data, normalization_of(checkpoint));
    here.config.batch = flags.batch;
    here.config.crop = flags.crop;
    here.config.test_mirror = views.mirror;
    here.config.test_shift = views.shift;
    check_same_start(ranks, here, state_signature(checkpoint));
  }
  TrainedNet trained(checkpoint, batch, false, runtime);
  Loader loader(data.test, normalization_of(checkpoint),
                {.batch = batch, .threads = flags.threads, .rank = ranks.rank(), .ranks = ranks.ranks()});
  const Evaluation result = evaluate(trained.net, loader, nullptr, {}, views);
  const Metrics& metrics = result.metrics;
  print_broken(data, out);
  if (!data.test.files.empty()) print(out, "photos: {} seen\n", crop_text(options.crop_q16));
  if (views.several()) print(out, "{}\n", views_text(views));
  print(out, "{} after {} on {}: {} {} images, loss {:.4f}\n", printable(info.model), plural(info.epoch, "epoch"),
        printable(data.spec), metrics.count, split_name, metrics.mean_loss());
  if (info.classes <= kTabulatedClasses)
    print_classes(out, info, data.test, result.predicted);
  else
    print(out, "{} classes: --json has the counts of each\n", info.classes);
  if (!flags.confusion.empty() && is_first_rank()) {
    draw_confusion(fmt::format("{} after {} on {}: {} of {} {} images", info.model, plural(info.epoch, "epoch"),
                               data_name(data.spec), percent_text(metrics.accuracy()), metrics.count, split_name),
                   class_labels(info), confusion_matrix(data.test.labels, result.predicted, info.classes), flags.confusion);
    print(out, "picture: {}\n", printable(flags.confusion));
  }
  if (info.classes > 5) print(out, "top-5 accuracy: {}\n", percent_text(metrics.top5_accuracy()));
  print(out, "{} accuracy: {}\n", split_name, percent_text(metrics.accuracy()));
  flush(out);
  if (!flags.json.empty())
    write_result(flags.json, evaluation_json(checkpoint, data, flags.split.empty() ? "evaluation" : flags.split, result));
  return 0;
}

}  // namespace

Command add_eval(CLI::App& app) {
  const auto flags = std::make_shared<EvalFlags>();
  CLI::App& eval = *app.add_subcommand("eval", "Measure a checkpoint on a test set");
  add_checkpoint(eval, flags->checkpoint);
  add_data(eval, flags->data, "if not given, the data that it was trained on");
  eval.add_option(
          "--split", flags->split,
          "part of the data: train, val or test; if not given, what training evaluates on, and all of a folder that holds "
          "class folders alone")
      ->type_name("train|val|test")
      ->default_str("");
  add_free_batch(eval, flags->batch);
  eval.add_option("--confusion", flags->confusion, "draw which classes are taken for which here, for up to 1000 classes")
      ->type_name("FILE");
  eval.add_option("--json", flags->json,
                  "write accuracy, counts, precision, recall and F1 of each class, and, for up to 1000 classes, which are taken "
                  "for which here as JSON; - is standard output, and nothing else is written there")
      ->type_name("FILE|-");
  add_crop(eval, flags->crop);
  add_test_views(eval, flags->views);
  add_threads(eval, flags->threads);
  return {&eval,
          [flags, &eval] {
            validate_threads(flags->threads);
            flags->threads = threads_here(flags->threads, eval.count("--threads") > 0);
            return run(*flags);
          },
          OnRanks::kTogether};
}

}  // namespace intrain::cli
