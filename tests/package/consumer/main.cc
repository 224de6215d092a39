// Trains a net on generated images with an installed intrain, and catches what the library throws.
#include <intrain/core/error.h>
#include <intrain/core/version.h>
#include <intrain/data/source.h>
#include <intrain/runs/training_run.h>

#include <cstdio>

#include "core/error.h"

int main() {
  intrain::TrainConfig config;
  config.model = "resnet8";
  config.epochs = 2;
  config.batch = 32;
  intrain::TrainOptions options;
  options.write_folder = false;
  const intrain::TrainResult result = intrain::train(config, intrain::load_data("synthetic:256"), options);
  std::printf("intrain %s, signature %016llx\n", intrain::kVersion, static_cast<unsigned long long>(result.signature));
  try {
    intrain::load_data("no-such-data");
  } catch (const intrain::Error& error) {
    std::printf("refused: %s\n", error.what());
    return kErrorOfTheConsumer - 1;
  }
  return 1;
}
