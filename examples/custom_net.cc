// A net of one's own in C++, trained on images of one's own, wholly in integers: stripes that lie, stand, rise or fall, in noise.
//
//   cmake --build build/release --target custom_net && build/release/custom_net
#include <intrain/base/random.h>
#include <intrain/nn/builder.h>
#include <intrain/train/trainer.h>

#include <cstdio>

namespace {

using namespace intrain;

// `count` images of 16x16 grey pixels. Each label is a direction; the place of the stripes and the noise are random.
Dataset make_stripes(int count, uint32_t number) {
  Dataset set;
  set.count = count;
  set.h = set.w = 16;
  set.c = 1;
  set.classes = 4;
  std::vector<uint8_t> pixels;
  for (int i = 0; i < count; ++i) {
    const RandomStream random{1, RandomUse::kSynthetic, number, static_cast<uint32_t>(i)};
    const uint32_t label = random.below(0, 4), place = random.below(1, 8);
    for (uint32_t y = 0; y < 16; ++y)
      for (uint32_t x = 0; x < 16; ++x) {
        const uint32_t across[] = {y, x, x + y, x + 16 - y};
        const uint32_t stripe = (across[label] + place) / 4 % 2 * 60;
        pixels.push_back(static_cast<uint8_t>(stripe + random.below(8 + 16 * y + x, 196)));
      }
    set.labels.push_back(static_cast<uint16_t>(label));
  }
  set.images = std::move(pixels);  // or a view of pixels that lie elsewhere (data/pixels.h)
  return set;
}

// Two convolutions, a residual sum, the mean over the image; the logits are a linear layer.
Net build(int h, int w, int c, int classes) {
  NetBuilder net(h, w, c, classes);
  Value* stem = net.conv_bn_relu(net.input(), {.k = 16, .size = 5, .pad = 2});
  Value* x = net.conv_bn_relu(stem, {.k = 16, .size = 3, .pad = 1});
  x = net.conv_bn_add_relu(x, {.k = 16, .size = 3, .pad = 1}, stem);
  x = net.max_pool(x, 2, 2, 0);
  return net.linear_logits(net.global_average_pool(x));
}

class Printer final : public TrainObserver {
  void on_epoch(const EpochReport& report) override {
    std::printf("epoch %d: loss %.4f, test accuracy %.2f %%\n", report.epoch, report.train_loss, 100 * report.test_accuracy);
  }
};

}  // namespace

int main() {
  DataSplits data;
  data.spec = "stripes";
  data.train = make_stripes(2000, 1);
  data.test = make_stripes(500, 2);
  data.class_names = {"lying", "standing", "rising", "falling"};
  data.mirror = false;  // what rises falls in the mirror

  TrainConfig config;
  config.model = "my_net";
  config.epochs = 3;
  config.batch = 50;
  Printer printer;
  Trainer trainer(config, data, {.build = build});
  const FitResult result = trainer.fit(printer);
  return result.test.metrics.accuracy() > 0.9 ? 0 : 1;
}
