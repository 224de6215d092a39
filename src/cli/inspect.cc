#include "analysis/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "analysis/exponent_tracks.h"
#include "checkpoint/checkpoint.h"
#include "cli/commands.h"
#include "cli/data.h"
#include "cli/decimal.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/text.h"
#include "io/output_path.h"
#include "report/draw/canvas.h"
#include "report/draw/exponents_picture.h"
#include "report/draw/numbers_picture.h"
#include "train/data_options.h"
#include "train/trained_net.h"

namespace intrain::cli {

namespace {

struct InspectFlags {
  std::string checkpoint;
  std::string data;          // empty: the data that the checkpoint was trained on
  std::optional<int> batch;  // not given: the run's
  int threads = 1;
  std::string png;  // empty: inspect.png beside the checkpoint
};

void print_layers(const std::vector<LayerStatistics>& layers) {
  print("{:<16} {:<6} {:>12} {:>9} {:>9} {:>11} {:>9}\n", "layer", "tensor", "numbers", "exponent", "zero", "at the end",
        "largest");
  for (const LayerStatistics& layer : layers)
    for (int kind = 0; kind < kTensorKinds; ++kind) {
      const TensorStatistics& s = layer.tensor[kind];
      if (s.count == 0) continue;
      const auto percent = [&](int64_t n) { return 100 * static_cast<double>(n) / static_cast<double>(s.count); };
      print("{:<16} {:<6} {:>12} {:>9} {:>7.2f} % {:>9.4f} % {:>9}\n", printable(layer.layer),
            tensor_name(static_cast<TensorKind>(kind)), s.count, s.exp, percent(s.zeros), percent(s.saturated), s.largest);
    }
}

int run(const InspectFlags& flags) {
  if (flags.batch) validate_batch(*flags.batch);
  validate_threads(flags.threads);
  const std::filesystem::path folder = std::filesystem::path(flags.checkpoint).parent_path();
  const std::string png = flags.png.empty() ? (folder / "inspect.png").string() : flags.png;
  const Checkpoint checkpoint = read_trained(flags.checkpoint);
  check_writable("--png", png);
  const CheckpointInfo& info = checkpoint.info;
  TrainConfig config = info.config;
  validate(config);
  if (!flags.data.empty()) config.data = flags.data;
  // Of other data, all that there are to train on.
  LoadOptions options = evaluation_options(info, config.data, Split::kTrain);
  if (!same_data(config.data, info.config.data)) options.val_share = 0;
  const DataSplits data = load_showing(config.data, options, flags.threads);
  const Dataset& train = data.test;
  check_fit(checkpoint, train, data);

  const int batch = std::min(flags.batch.value_or(config.batch), train.count);
  const StepStatistics step = inspect_next_step(checkpoint, train, data.mirror, batch, flags.threads);
  print_layers(step.layers);
  if (!can_draw()) {
    print("picture: not drawn, for the library cairo is not here\n");
    print_broken(data);
    return 0;
  }
  const std::string title = fmt::format("{} after {}", info.model, plural(info.epoch, "epoch"));
  draw_statistics(fmt::format("{}, {} training images of {}", title, step.images, data_name(data.spec)), step.layers, png);
  print("picture: {}\n", printable(png));
  print_broken(data);
  // Beside it, where the checkpoint lies in its run folder.
  const std::vector<ExponentTrack> tracks = read_exponents((folder / "metrics.jsonl").string());
  if (tracks.empty()) return 0;
  if (find_output(png).in_place) {
    print("exponents over time: not drawn, for there is no place beside {}\n", printable(png));
    return 0;
  }
  const std::string exponents = std::filesystem::path(png).replace_extension().string() + "_exponents.png";
  draw_exponents(title + " on " + data_name(info.config.data), tracks, exponents);
  print("exponents over time: {}\n", printable(exponents));
  return 0;
}

}  // namespace

Command add_inspect(CLI::App& app) {
  const auto flags = std::make_shared<InspectFlags>();
  CLI::App& inspect = *app.add_subcommand("inspect", "Show how the numbers of a checkpoint's next training step are distributed");
  add_checkpoint(inspect, flags->checkpoint);
  add_data(inspect, flags->data, "if not given, the data that it was trained on");
  add_number(inspect, "--batch", flags->batch, "training images to look at; if not given, those of the run's next step")
      ->type_name("N")
      ->default_str("");
  inspect.add_option("--png", flags->png, "picture to write; if not given, inspect.png beside the checkpoint")->type_name("FILE");
  add_threads(inspect, flags->threads);
  return {&inspect, [flags] { return run(*flags); }};
}

}  // namespace intrain::cli
