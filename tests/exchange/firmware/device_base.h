// A checkpoint that firmware is exported from, in memory.
#pragma once

#include <string>

#include "checkpoint/checkpoint.h"
#include "models/models.h"
#include "support/nets.h"

namespace intrain::test {

// Of a chain on images of 12x12 pixels, 10 classes: 4 layers with parameters.
inline Checkpoint device_base(const std::string& optimizer, uint64_t seed = 3) {
  CheckpointInfo info;
  info.model = "chain.toml";
  info.h = info.w = 12;
  info.c = 1;
  info.classes = 10;
  info.config.model = info.model;
  info.config.net =
      "[[layer]]\ntype='conv'\nchannels=4\nsize=3\nstride=2\npad=1\n[[layer]]\ntype='max_pool'\nsize=2\n"
      "[[layer]]\ntype='conv'\nchannels=6\nsize=3\npad=1\nbatch_norm=false\n[[layer]]\ntype='linear'\nchannels=12\n";
  info.config.optimizer = optimizer;
  info.config.lr = 0.0078125;
  for (int p = 0; p < 256; ++p) info.normalization.push_back(static_cast<int8_t>(p < 1 ? -127 : p - 128));
  ReadyNet ready(build_model(info.model, info.config.net, 12, 12, 1, 10), 8);
  ready.net.initialize(seed);
  for (info.step = 0; info.step < 4; ++info.step) {
    const int step = static_cast<int>(info.step);
    ready.train(synthetic_batch(8, 8 * step), 51, static_cast<uint32_t>(step));
  }
  Checkpoint checkpoint = parse_checkpoint(checkpoint_bytes(info, ready.net.state()), "base.ckpt");
  return checkpoint;
}

}  // namespace intrain::test
