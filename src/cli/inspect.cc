#include "train/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/commands.h"
#include "cli/data.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/reducer.h"
#include "data/loader.h"
#include "io/checkpoint.h"
#include "isa/isa.h"
#include "models/models.h"
#include "ops/kernels.h"
#include "optim/schedule.h"

namespace intrain::cli {

namespace {

void print(const std::vector<LayerStatistics>& layers) {
  fmt::print("{:<16} {:<6} {:>12} {:>9} {:>9} {:>11} {:>9}\n", "layer", "tensor", "numbers", "exponent", "zero", "at the end",
             "largest");
  for (const LayerStatistics& layer : layers)
    for (int kind = 0; kind < kTensorKinds; ++kind) {
      const TensorStatistics& s = layer.tensor[kind];
      if (s.count == 0) continue;
      const auto percent = [&](int64_t n) { return 100 * static_cast<double>(n) / static_cast<double>(s.count); };
      fmt::print("{:<16} {:<6} {:>12} {:>9} {:>7.2f} % {:>9.4f} % {:>9}\n", layer.layer,
                 tensor_name(static_cast<TensorKind>(kind)), s.count, s.exp, percent(s.zeros), percent(s.saturated), s.largest);
    }
}

}  // namespace

int inspect_command(const InspectFlags& flags) {
  validate_batch(flags.batch);
  validate_threads(flags.threads);
  const Checkpoint checkpoint = read_checkpoint(flags.checkpoint);
  const CheckpointInfo& info = checkpoint.info;
  const DataSplits data = load_showing(flags.data.empty() ? info.config.data : flags.data, false);
  check_fit(checkpoint, data.train, data);

  const ops::Kernels kernels = ops::make_kernels(select_isa());
  Net net = build_model(info.model, info.config.net, info.h, info.w, info.c, info.classes);
  ThreadPool pool(flags.threads);
  SingleProcess reducer;
  const int batch = std::min(flags.batch, data.train.count);
  check_training_batch(batch, info.h, info.w);
  net.set_widths(info.config.widths);
  net.prepare(batch, true, kernels, pool, reducer);
  restore_state(checkpoint, info.model, net.state());
  net.quantize_parameters();

  Loader loader(data.train, normalization_of(info), {batch, true, data.mirror, info.config.seed, 0, flags.threads});
  std::vector<LayerStatistics> layers;
  // The phase by the epochs done: whole epochs, as checkpoints are.
  const TrainConfig& config = info.config;
  const int range_log2 =
      config.widths.constant_g ? wageubn_range_log2(wageubn_phase(info.epoch, config.epochs), config.widths.g) : 0;
  inspect(net, loader.next(), config.seed, static_cast<uint32_t>(info.step), layers, range_log2);
  print(layers);
  const std::string png =
      flags.png.empty() ? (std::filesystem::path(flags.checkpoint).parent_path() / "inspect.png").string() : flags.png;
  draw_statistics(fmt::format("{} after {} epoch{}, {} training images of {}", info.model, info.epoch, info.epoch == 1 ? "" : "s",
                              batch, data_name(data.spec)),
                  layers, png);
  fmt::print("picture: {}\n", png);
  return 0;
}

}  // namespace intrain::cli
