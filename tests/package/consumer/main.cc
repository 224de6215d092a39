// Trains a net on generated images with an installed intrain, makes a checkpoint of an ONNX model, and catches what the library throws.
#include <intrain/core/error.h>
#include <intrain/core/version.h>
#include <intrain/data/source.h>
#include <intrain/exchange/import/import_net.h>
#include <intrain/runs/training_run.h>
#include <intrain/train/data_options.h>

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

  intrain::TrainConfig like;
  like.model.clear();  // the graph says its net
  like.data = "synthetic:256";
  intrain::ImportOptions file;
  file.onnx = "dynamo.onnx";
  intrain::ImportedNet imported = intrain::import_net(file, like, intrain::load_data(like.data, intrain::training_options(like)));
  intrain::write_checkpoint("consumer.ckpt", imported.info, imported.net.state());

  try {
    intrain::load_data("no-such-data");
  } catch (const intrain::Error& error) {
    std::printf("refused: %s\n", error.what());
    return kErrorOfTheConsumer - 1;
  }
  return 1;
}
