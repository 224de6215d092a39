// Online learning: one sample at a time, each seen once, predicted first and learned from then, wholly in integers. There is no data set and
// no batch; halfway the labels change their meaning, and the net learns again.
//
//   cmake --build build/release --target online_learning && build/release/online_learning
#include <intrain/base/random.h>
#include <intrain/nn/builder.h>
#include <intrain/train/step.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace {

using namespace intrain;

constexpr int kSide = 8, kClasses = 4, kSamples = 6000, kWindow = 500;

// A bright spot in noise: its quadrant is the label, as the net's s8 input (2^-5 of a standard deviation).
void make_sample(uint32_t number, Batch& batch) {
  const RandomStream random{1, RandomUse::kSynthetic, 0, number};
  const uint32_t row = random.below(0, kSide), column = random.below(1, kSide);
  for (uint32_t y = 0; y < kSide; ++y)
    for (uint32_t x = 0; x < kSide; ++x) {
      const bool bright = std::max(y, row) - std::min(y, row) <= 1 && std::max(x, column) - std::min(x, column) <= 1;
      batch.images[kSide * y + x] =
          static_cast<int8_t>((bright ? 64 : 0) + static_cast<int>(random.below(2 + kSide * y + x, 41)) - 20);
    }
  const int quadrant = (row >= kSide / 2 ? 2 : 0) + (column >= kSide / 2 ? 1 : 0);
  batch.labels[0] = number < kSamples / 2 ? quadrant : (quadrant + 1) % kClasses;
}

}  // namespace

int main() {
  // No batch norm: one sample has no statistics.
  NetBuilder builder(kSide, kSide, 1, kClasses);
  Net net = builder.linear_logits(builder.linear_relu(builder.input(), 64));
  net.prepare(1, true, std::make_shared<Runtime>(1));  // all memory is taken here
  net.initialize(0);

  Batch batch;
  batch.count = 1;
  batch.images.resize(kSide * kSide);
  batch.labels.resize(1);
  SgdStep sgd{.rate = {524, -17}, .mom = {512, -10}, .decay = {}, .seed = 0, .step = 0};  // rate 0.004, momentum 0.5
  int hits = 0, last = 0;
  for (uint32_t i = 0; i < kSamples; ++i) {
    make_sample(i, batch);
    net.evaluate(batch);
    const int32_t* logits = net.logits();
    hits += std::max_element(logits, logits + kClasses) - logits == batch.labels[0];
    sgd.step = i;
    train_step(net, batch, sgd);
    if ((i + 1) % kWindow > 0) continue;
    std::printf("samples %4d to %4d: %5.1f %% right before learning from them\n", static_cast<int>(i) + 2 - kWindow,
                static_cast<int>(i) + 1, 100.0 * hits / kWindow);
    last = hits;
    hits = 0;
  }
  return last > kWindow * 9 / 10 ? 0 : 1;
}
