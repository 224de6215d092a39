// Bounds are errors of whoever wrote the net or the batch size, told before a step: no net file reaches a CHECK.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "models/net_file.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

std::string conv(int size, int pad, int stride = 1) {
  return "[[layer]]\ntype='conv'\nchannels=2\nsize=" + std::to_string(size) + "\npad=" + std::to_string(pad) +
         "\nstride=" + std::to_string(stride) + "\n";
}

std::string max_pool(int size, int pad, int stride = 1) {
  return "[[layer]]\ntype='max_pool'\nsize=" + std::to_string(size) + "\npad=" + std::to_string(pad) +
         "\nstride=" + std::to_string(stride) + "\n";
}

Net build(const std::string& text, int side) { return build_net(text, "my.toml", side, side, 3, 10); }

void prepare(Net net, int batch, bool training) {
  const auto runtime = std::make_shared<Runtime>(1);
  net.prepare(batch, training, runtime);
}

TEST(Limits, BatchesMustFitTheSumsOfEveryBatchNorm) {
  // 32x32 images; maps of 32x32: 2^29 pixels are 524288 of them. The error comes before the memory is taken.
  const std::string head = "[[layer]]\ntype='average_pool'\n";
  expect_error([&] { prepare(build(conv(3, 1) + head, 32), 524289, true); }, "524289 maps of 32x32 in layer conv0", "batch");
  // Where only padding makes them large: maps of 60x60, later of 256x256, and of streams.
  expect_error([&] { prepare(build(conv(15, 14) + conv(15, 14) + head, 32), 149131, true); }, "60x60 in layer conv1", "batch");
  std::string grown;
  for (int i = 0; i < 16; ++i) grown += conv(15, 14);
  expect_error([&] { prepare(build(grown + head, 32), 8193, true); }, "256x256 in layer conv15", "batch");
  const std::string stream = "[[layer]]\ntype='stream'\nchannels=2\nsize=15\npad=14\n";
  expect_error([&] { prepare(build(stream + head, 32), 253720, true); }, "46x46 in layer conv0", "batch");
  // And of every convolution without batch norm.
  expect_error([&] { prepare(build(conv(3, 1) + "batch_norm=false\n" + head, 32), 524289, true); },
               "524289 maps of 32x32 in layer conv0", "batch");
  // Nothing is summed in evaluation.
  prepare(build(conv(3, 1, 15) + head, 32), 16385, false);
  prepare(build("[[layer]]\ntype='linear'\nchannels=1\n", 32), 20000, true);
}

TEST(Limits, PaddingOfPoolsMustNotGrowMapsBeyondTheSums) {
  std::string text = conv(3, 1);
  for (int i = 0; i < 16; ++i) text += max_pool(15, 14);
  const std::string head = "[[layer]]\ntype='average_pool'\n";
  build(text + head, 32);  // 256x256
  expect_error([&] { build(text + max_pool(15, 14) + head, 32); }, "maps of 270x270", "layer 18");
  build(text + max_pool(15, 14, 2) + head, 32);
}

TEST(Limits, NetsHaveAMostOfLayers) {
  std::string text = conv(3, 1);
  for (int i = 0; i < 10; ++i) text += "[[layer]]\ntype='basic'\nchannels=2\nrepeat=200\n";
  const Net net = build(text, 4);
  EXPECT_EQ(net.layers().size(), 4002u);
  expect_error([&] { build(text + "[[layer]]\ntype='basic'\nchannels=2\nrepeat=50\n", 4); }, "more than 4096 layers", "layer 12");
}

// Any net file: of any layers in any order, with members up to their limits. Small batches then train a step, batches of 2^21 are
// refused where a map of the net is larger than 16x16. Whatever is refused is an Error.
TEST(Limits, RandomNetsNeverReachACheck) {
  Rng rng(7);
  int trained = 0, refused = 0, large = 0;
  for (int round = 0; round < 400; ++round) {
    const auto number = [&](int most) { return std::to_string(rng.range(0, 9) == 0 ? rng.range(0, most) : rng.range(1, 3)); };
    std::string text;
    const int64_t layers = rng.range(1, 6);
    for (int64_t i = 0; i < layers; ++i) {
      const char* types[] = {"conv",     "conv",          "stream",   "basic",        "bottleneck", "inverted_residual",
                             "basic_v2", "bottleneck_v2", "max_pool", "average_pool", "linear",     "shortcut"};
      const std::string type = i == 0 ? "conv" : types[rng.range(0, 11)];
      text += "[[layer]]\ntype='" + type + "'\nname='n" + std::to_string(i) + "'\n";
      const bool windowed = type == "conv" || type == "stream" || type == "max_pool";
      if (type != "max_pool" && type != "average_pool") text += "channels=" + number(8) + "\n";
      if (windowed) text += "size=" + std::to_string(rng.range(1, 15)) + "\npad=" + number(14) + "\n";
      if (type != "average_pool" && type != "linear" && rng.range(0, 2) == 0) text += "stride=" + number(15) + "\n";
      if ((type == "conv" || type == "stream") && rng.range(0, 3) == 0 && i > 0)
        text += "add='n" + std::to_string(rng.range(0, i - 1)) + "'\n";
      if (type == "conv" && rng.range(0, 3) == 0) text += rng.range(0, 1) == 0 ? "activation='linear'\n" : "relu=false\n";
      if (rng.range(0, 5) == 0 && i > 0) text += "input='n" + std::to_string(rng.range(0, i - 1)) + "'\n";
    }
    SCOPED_TRACE(text);
    const int side = static_cast<int>(rng.range(1, 40)), count = static_cast<int>(rng.range(1, 3));
    try {
      ReadyNet ready(build(text, side), count);
      ready.train(random_batch(static_cast<uint64_t>(round), count, side, side, 3, 10), 10, 0);
      ++trained;
    } catch (const Error& e) {
      EXPECT_FALSE(e.hint.empty());
      ++refused;
      continue;
    }
    const Net net = build(text, side);
    int64_t most = 0;
    for (const auto& layer : net.layers())
      if (const auto product = layer->product(); product && layer->name().starts_with("conv"))
        most = std::max(most, product->shape.dst_pixels());
    if (most <= 256) continue;
    ++large;
    expect_error([&] { prepare(build(text, side), 1 << 21, true); }, "maps of", "batch");
  }
  EXPECT_GT(trained, 50);
  EXPECT_GT(refused, 50);
  EXPECT_GT(large, 20);
}

}  // namespace
}  // namespace intrain::test
