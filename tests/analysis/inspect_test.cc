#include "analysis/inspect.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/reducer.h"
#include "nn/builder.h"
#include "ops/kernels.h"
#include "report/draw/numbers_picture.h"
#include "support/isas.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

const TensorStatistics& of(const LayerStatistics& layer, TensorKind kind) { return layer.tensor[static_cast<int>(kind)]; }

class InspectTest : public testing::Test {
 protected:
  static Net build() {
    NetBuilder net(8, 8, 3, 5);
    Value* x = net.conv_bn_relu(net.input(), {.k = 6, .size = 3, .pad = 1});
    Value* shortcut = net.conv_bn(x, {.k = 4, .size = 1});
    x = net.conv_bn_add_relu(x, {.k = 4, .size = 3, .pad = 1}, shortcut);
    x = net.conv_add_stream(x, {.k = 4, .size = 3, .pad = 1}, x).relu;
    return net.linear_logits(net.linear_relu(net.global_average_pool(x), 7));
  }
  void look(Net& net, std::vector<LayerStatistics>& layers, int batches = 1, int range_log2 = 0) const {
    SgdStep step{};
    step.seed = 1;
    step.momentum_bits = 16;
    step.range_log2 = range_log2;
    inspect(
        net, batches, [&]() -> const Batch& { return batch_; }, step, 2, layers);
  }
  // The step of a new net of these widths.
  std::vector<LayerStatistics> with(const Widths& widths) {
    Net net = build();
    net.set_widths(widths);
    net.prepare(4, true, runtime_);
    net.initialize(1);
    std::vector<LayerStatistics> layers;
    look(net, layers);
    return layers;
  }
  InspectTest() {
    net_.prepare(4, true, runtime_);
    net_.initialize(1);
    look(net_, layers_);
  }

  const std::shared_ptr<Runtime> runtime_ = std::make_shared<Runtime>(ops::make_kernels(Isa::kScalar), 2);
  const Batch batch_ = random_batch(7, 4, 8, 8, 3, 5);
  Net net_ = build();
  std::vector<LayerStatistics> layers_;
};

TEST_F(InspectTest, EachLayerShowsWhatItHas) {
  std::vector<std::string> names;
  for (const LayerStatistics& l : layers_) names.push_back(l.layer);
  EXPECT_EQ(names, (std::vector<std::string>{"conv0", "conv1", "conv2", "conv3", "linear5", "linear6"}));
  const LayerStatistics &stem = layers_[0], &shortcut = layers_[1], &sum = layers_[3], &hidden = layers_[4], &logits = layers_[5];
  EXPECT_EQ(of(stem, TensorKind::kW).count, 6 * 9 * 3);
  EXPECT_EQ(of(stem, TensorKind::kG).count, 6 * 9 * 3);
  for (const TensorKind kind : {TensorKind::kA, TensorKind::kXHat, TensorKind::kE1, TensorKind::kE2})
    EXPECT_EQ(of(stem, kind).count, 4 * 64 * 6);
  EXPECT_EQ(of(shortcut, TensorKind::kA).count, 0);  // no ReLU
  EXPECT_EQ(of(shortcut, TensorKind::kXHat).count, 4 * 64 * 4);
  for (const TensorKind kind : {TensorKind::kA, TensorKind::kXHat, TensorKind::kE1, TensorKind::kE2, TensorKind::kStream})
    EXPECT_EQ(of(sum, kind).count, 4 * 64 * 4);
  EXPECT_EQ(of(stem, TensorKind::kStream).count, 0);
  EXPECT_EQ(of(hidden, TensorKind::kA).count, 4 * 7);
  EXPECT_EQ(of(hidden, TensorKind::kXHat).count, 0);
  EXPECT_EQ(of(logits, TensorKind::kE2).count, 4 * 5);
  EXPECT_EQ(of(logits, TensorKind::kE1).count, 0);
}

TEST_F(InspectTest, CountsAddUp) {
  for (const LayerStatistics& layer : layers_)
    for (int kind = 0; kind < kTensorKinds; ++kind) {
      const TensorStatistics& s = layer.tensor[kind];
      EXPECT_EQ(std::accumulate(s.histogram.begin(), s.histogram.end(), int64_t{0}), s.count);
      EXPECT_LE(s.zeros + s.saturated, s.count);
      if (s.count == 0) continue;
      const auto k = static_cast<TensorKind>(kind);
      EXPECT_GT(s.largest, 0) << layer.layer << " " << tensor_name(k);
      const bool wide = k == TensorKind::kE1 || k == TensorKind::kStream;
      const int64_t end = wide ? 32767 : k == TensorKind::kA ? 255 : 127;
      EXPECT_LE(s.largest, end);
      EXPECT_EQ(s.saturated > 0, s.largest == end);
      if (!wide) EXPECT_EQ(s.histogram[128], s.zeros);
      // Shift quantization: the largest uses the format's upper half.
      if (k == TensorKind::kW || k == TensorKind::kG) EXPECT_GE(s.largest, 63);
    }
}

// Constant quantization with dr = 2 leaves signs, on WAGEUBN's grid for an accumulator of 16 bits.
TEST_F(InspectTest, ShowsGByConstantQuantization) {
  std::vector<LayerStatistics> layers;
  look(net_, layers, 1, 1);
  const TensorStatistics& g = of(layers[0], TensorKind::kG);
  EXPECT_EQ(g.exp, -17);
  EXPECT_EQ(g.largest, 1);
  EXPECT_EQ(g.zeros + g.saturated, g.count);
}

// E2 in two planes is one number, finer than the plane that is multiplied first.
TEST_F(InspectTest, ShowsBothPlanesOfE2) {
  for (const bool flag : {false, true}) {
    Widths widths;
    widths.flag_e2 = flag;
    if (!flag) widths.e2 = 16;
    const std::vector<LayerStatistics> layers = with(widths);
    for (size_t i = 0; i < layers.size(); ++i) {
      const TensorStatistics &wide = of(layers[i], TensorKind::kE2), &narrow = of(layers_[i], TensorKind::kE2);
      const int more = flag ? 7 : 8;
      EXPECT_EQ(wide.count, narrow.count);
      EXPECT_LE(wide.zeros, narrow.zeros);
      if (i < 4) EXPECT_LT(wide.zeros, narrow.zeros) << layers[i].layer;  // convolutions, with many values
      EXPECT_LE(wide.largest, 127 << more | (flag ? 0 : 127));
      EXPECT_GE(wide.largest, 63 << more);
      EXPECT_EQ(wide.high_end, 127);
      EXPECT_EQ(std::accumulate(wide.histogram.begin(), wide.histogram.end(), int64_t{0}), wide.count);
    }
    // What nothing else was rounded before: the error of the logits.
    EXPECT_EQ(of(layers.back(), TensorKind::kE2).exp, of(layers_.back(), TensorKind::kE2).exp - (flag ? 7 : 8));
  }
}

// A narrow format ends before its storage does.
TEST_F(InspectTest, KnowsWhereFormatsEnd) {
  EXPECT_EQ(of(layers_[0], TensorKind::kW).high_end, 127);
  EXPECT_EQ(of(layers_[0], TensorKind::kE1).low_end, -128);
  EXPECT_EQ(of(layers_[0], TensorKind::kA).high_end, 255);
  Widths widths;
  widths.w = 4;
  const std::vector<LayerStatistics> layers = with(widths);
  EXPECT_EQ(of(layers[0], TensorKind::kW).high_end, 7 << 4);
  EXPECT_EQ(of(layers[0], TensorKind::kW).low_end, -7 * 16);
}

TEST_F(InspectTest, BatchesAdd) {
  const std::vector<LayerStatistics> once = layers_;
  look(net_, layers_);
  ASSERT_EQ(layers_.size(), once.size());
  for (size_t i = 0; i < once.size(); ++i)
    for (int kind = 0; kind < kTensorKinds; ++kind) {
      EXPECT_EQ(layers_[i].tensor[kind].count, 2 * once[i].tensor[kind].count);
      EXPECT_EQ(layers_[i].tensor[kind].zeros, 2 * once[i].tensor[kind].zeros);  // the same step again
    }
}

// One step of two batches: twice as many numbers, but of one G.
TEST_F(InspectTest, ShowsTheGOfAllBatchesOfAStep) {
  std::vector<LayerStatistics> layers;
  look(net_, layers, 2);
  EXPECT_EQ(of(layers[0], TensorKind::kA).count, 2 * of(layers_[0], TensorKind::kA).count);
  EXPECT_EQ(of(layers[0], TensorKind::kG).count, of(layers_[0], TensorKind::kG).count);
  // The mean loss over twice as many images halves the errors.
  EXPECT_EQ(of(layers.back(), TensorKind::kE2).exp, of(layers_.back(), TensorKind::kE2).exp - 1);
}

TEST_F(InspectTest, Draws) {
  const TempFolder folder;
  draw_statistics("a net", layers_, folder.file("a.png"));
  EXPECT_GT(read_bytes(folder.file("a.png")).size(), 1000u);
  expect_error([&] { draw_statistics("a net", layers_, folder.file("none/a.png")); }, "", "none/a.png");
}

}  // namespace
}  // namespace intrain::test
