#include "train/trained_net.h"

#include <gtest/gtest.h>

#include <cstring>

#include "support/temp_folder.h"

namespace intrain {
namespace {

// Terabytes of parameters in a file without any: refused by its table, not by the memory that the net would take.
TEST(TrainedNet, IsComparedWithTheFileBeforeItTakesMemory) {
  const test::TempFolder folder;
  CheckpointInfo info;
  info.model = "giant.toml";
  info.h = info.w = 12;
  info.c = 1;
  info.classes = 10;
  info.config.net = "[[layer]]\ntype='conv'\nchannels=4\nsize=12\n";
  for (int i = 0; i < 900; ++i) info.config.net += "[[layer]]\ntype='conv'\nchannels=16384\nsize=1\n";
  info.normalization.assign(256, 1);
  const std::string path = folder.file("giant.ckpt");
  write_checkpoint(path, info, {});
  test::expect_error([&] { read_trained(path); }, "it lacks conv0.weight", path);
  const Checkpoint checkpoint = read_checkpoint(path);
  for (const bool training : {false, true})
    test::expect_error([&] { TrainedNet(checkpoint, 1, training, 1); }, "it lacks conv0.weight", path);
}

}  // namespace
}  // namespace intrain
