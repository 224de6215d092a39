// A net of ours that has learned a little is written as other programs write theirs, and read again: it must come back as it was.
#include "exchange/import/import.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "data/loader.h"
#include "exchange/import/border.h"
#include "models/models.h"
#include "models/net_file.h"
#include "support/float_files.h"
#include "support/nets.h"

namespace intrain::test {
namespace {

constexpr int kImported = 64;

const std::vector<std::string> kResnet8 = {"conv1 bn1",
                                           "layer1.0.conv1 layer1.0.bn1",
                                           "layer1.0.conv2 layer1.0.bn2",
                                           "layer2.0.downsample.0 layer2.0.downsample.1",
                                           "layer2.0.conv1 layer2.0.bn1",
                                           "layer2.0.conv2 layer2.0.bn2",
                                           "layer3.0.downsample.0 layer3.0.downsample.1",
                                           "layer3.0.conv1 layer3.0.bn1",
                                           "layer3.0.conv2 layer3.0.bn2",
                                           "fc"};

const DataSplits& data() {
  static const DataSplits splits = make_synthetic(256, 1);
  return splits;
}

struct Subject {
  ReadyNet ready;
  std::vector<NetStep> steps;

  explicit Subject(const std::string& model, int images = kImported)
      : ready(build_model(model, 12, 12, 1, 10), images), steps(net_steps(ready.net, model)) {}
  Subject(Net net, const std::string& name) : ready(std::move(net), kImported), steps(net_steps(ready.net, name)) {}

  // Until its numbers are other than those of any new net.
  void learn() {
    for (uint32_t step = 0; step < 12; ++step)
      ready.train(synthetic_batch(kImported, static_cast<int>(step % 4) * kImported), 100, step);
  }
  ImportReport take(std::vector<FloatLayer> layers, int images = kImported) {
    return import_layers(ready.net, steps, std::move(layers), "net.file", data().train, make_normalization(data().train), images,
                         kImported);
  }
  std::vector<int32_t> parameters() const {
    std::vector<int32_t> all;
    for (const Parameter* p : ready.net.parameters()) all.insert(all.end(), p->master.begin(), p->master.end());
    return all;
  }
  std::vector<double> evaluate() {
    ready.net.evaluate(synthetic_batch(kImported));
    std::vector<double> logits;
    for (const int32_t v : logits_of(ready.net, kImported)) logits.push_back(std::ldexp(v, ready.net.logits_exp()));
    return logits;
  }
};

// The largest between the parameters of two nets. A float holds numbers from 1 to 2 to half a stored step.
int64_t difference(const Subject& a, const Subject& b) {
  const std::vector<int32_t> x = a.parameters(), y = b.parameters();
  int64_t largest = x.size() == y.size() ? 0 : INT64_MAX;
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) largest = std::max(largest, std::abs(int64_t{x[i]} - y[i]));
  return largest;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(sum / norm);
}

class ImportTest : public testing::Test {
 protected:
  ImportTest() : from_("resnet8") {
    from_.learn();
    tensors_ = named(from_.steps, kResnet8);
  }
  std::vector<FloatLayer> read(const Subject& to, const SafetensorsOptions& options = {}) {
    write_tensors(path_, tensors_);
    return read_safetensors_net(path_, to.steps, options);
  }
  void multiply(const std::string& tensor, float factor) {
    for (float& v : tensors_.at(tensor).values) v *= factor;
  }
  // The same function, with the outputs of the stem and the first stage `factor` times what they were.
  void scale_first_stage(float factor) {
    for (const char* norm : {"bn1", "layer1.0.bn2"})
      for (const char* leaf : {".weight", ".bias"}) multiply(std::string(norm) + leaf, factor);
    for (const char* reader : {"layer1.0.conv1", "layer2.0.conv1", "layer2.0.downsample.0"})
      multiply(std::string(reader) + ".weight", 1 / factor);
  }

  const TempFolder folder_;
  const std::string path_ = folder_.file("net.safetensors");
  Subject from_;
  FloatTensors tensors_;
};

TEST_F(ImportTest, ByNamesANetComesBackAsItWas) {
  Subject to("resnet8");
  const ImportReport report = to.take(read(to), 0);
  EXPECT_LE(difference(to, from_), 1);
  EXPECT_EQ(report.clamped, 0);
  EXPECT_EQ(report.layers.size(), 10);
  EXPECT_EQ(report.layers[3].source, "layer2.0.downsample.0, layer2.0.downsample.1");
  // But for the epsilon: PyTorch's is 1e-5, ours 2^-17.
  EXPECT_LT(distance(to.evaluate(), from_.evaluate()), 0.01);
}

TEST_F(ImportTest, OtherNamesGiveTheSame) {
  std::vector<std::string> names = kResnet8;
  names[3] = "layer2.0.shortcut.0 layer2.0.shortcut.1";
  names[6] = "layer3.0.shortcut.0 layer3.0.shortcut.1";
  names[9] = "linear";
  for (std::string& name : names)
    name = "module." + (name.find(' ') == std::string::npos ? name : std::string(name).replace(name.find(' '), 1, " module."));
  tensors_ = named(from_.steps, names);
  tensors_["module.bn1.num_batches_tracked"] = {{1}, {3}};
  Subject to("resnet8");
  to.take(read(to), 0);
  EXPECT_LE(difference(to, from_), 1);
}

TEST_F(ImportTest, NumbersInNamesAreNumbers) {
  Subject from("mlp"), to("mlp");
  from.learn();
  write_tensors(path_, named(from.steps, {"2", "9", "10", "11"}));
  to.take(read_safetensors_net(path_, to.steps, {}), 0);
  EXPECT_LE(difference(to, from), 1);
}

TEST_F(ImportTest, SmallOutputsAreScaledUpAndLargeOnesDown) {
  Subject plain("resnet8"), scaled("resnet8");
  plain.take(read(plain));
  const std::vector<double> wanted = plain.evaluate();
  for (const float factor : {1.0F / 32, 8.0F}) {
    scale_first_stage(factor);
    const ImportReport report = scaled.take(read(scaled));
    // The stem, the block's sum, and whoever reads them.
    EXPECT_EQ(report.layers[0].scale_log2, report.layers[2].scale_log2);
    EXPECT_EQ(report.layers[0].scale_log2 > 0, factor < 1);
    EXPECT_NE(report.layers[0].scale_log2, 0);
    for (const ImportedLayer& l : report.layers) EXPECT_LE(l.saturated, kMostSaturated);
    EXPECT_LT(distance(scaled.evaluate(), wanted), 0.1) << factor;
    // Without it much is lost.
    scaled.take(read(scaled), 0);
    EXPECT_GT(distance(scaled.evaluate(), wanted), 0.2) << factor;
    scale_first_stage(1 / factor);
  }
}

TEST_F(ImportTest, EveryChannelHasItsWholeResolution) {
  Subject plain("resnet8"), to("resnet8");
  plain.take(read(plain));
  const std::vector<double> wanted = plain.evaluate();
  // The same function, with W of every other channel a hundredth of what it was.
  const size_t row = 16 * 9, channels = 16;
  for (size_t k = 0; k < channels; k += 2) {
    for (size_t i = 0; i < row; ++i) tensors_["layer1.0.conv1.weight"].values[k * row + i] *= 0.01F;
    tensors_["layer1.0.bn1.running_mean"].values[k] *= 0.01F;
    tensors_["layer1.0.bn1.running_var"].values[k] *= 0.0001F;
  }
  to.take(read(to));
  for (size_t k = 0; k < channels; ++k) {
    const auto begin = to.steps[1].weight->master.begin() + static_cast<std::ptrdiff_t>(k * row);
    const auto [least, most] = std::minmax_element(begin, begin + row);
    const double largest = std::ldexp(std::max(-int64_t{*least}, int64_t{*most}), kMasterExp);
    EXPECT_NEAR(largest * 128 / kS8Max, std::exp2(std::round(std::log2(largest))), 1e-6) << k;
  }
  EXPECT_LT(distance(to.evaluate(), wanted), 0.05);
  // Without it these channels are lost.
  to.take(read(to), 0);
  EXPECT_GT(distance(to.evaluate(), wanted), 0.2);
}

TEST_F(ImportTest, RunningStatisticsMakeUpForGammaAndBetaOutOfRange) {
  Subject plain("resnet8"), to("resnet8");
  plain.take(read(plain), 0);
  // In an inner layer the outputs are what they were: gamma 8 times, W of the next one an eighth.
  tensors_["layer1.0.bn1.weight"].values[3] = 2.5F;
  tensors_["layer1.0.bn1.bias"].values[5] = -3;
  const ImportReport report = to.take(read(to), 0);
  EXPECT_EQ(report.gamma_beyond, 1);
  EXPECT_EQ(report.beta_beyond, 1);
  EXPECT_EQ(report.clamped, 0);
  const NetStep &a = plain.steps[1], &b = to.steps[1];
  // gamma / sigma and beta - gamma mean / sigma are those of the file.
  const auto sigma = [](const NetStep& s, size_t c) {
    return std::sqrt(std::ldexp(static_cast<double>(s.running_var[c]), kRunningExp) + std::ldexp(1, kEpsilonLog2));
  };
  const auto value = [](int32_t v) { return std::ldexp(v, kMasterExp); };
  EXPECT_NEAR(value(b.gamma->master[3]) / sigma(b, 3), 2.5 / sigma(a, 3), 1e-5);
  EXPECT_LE(value(b.gamma->master[3]), 127.0 / 64);
  const double mean = std::ldexp(static_cast<double>(b.running_mean[5]), kRunningExp),
               before = std::ldexp(static_cast<double>(a.running_mean[5]), kRunningExp);
  const double gamma8 = std::nearbyint(value(b.gamma->master[5]) * 64) / 64;
  EXPECT_NEAR(value(b.beta->master[5]) - gamma8 * mean / sigma(b, 5), -3 - gamma8 * before / sigma(a, 5), 1e-5);
  EXPECT_GE(value(b.beta->master[5]), -127.0 / 64);
}

TEST_F(ImportTest, StoredNumbersOutOfRangeAreClampedAndCounted) {
  tensors_["fc.weight"].values[7] = 200;
  tensors_["fc.bias"].values[1] = -129;
  Subject to("resnet8");
  EXPECT_EQ(to.take(read(to), 0).clamped, 2);
  EXPECT_EQ(to.steps.back().bias->master[1], -INT32_MAX);
}

TEST_F(ImportTest, ABiasBeforeBatchNormGoesIntoTheMean) {
  tensors_["conv1.bias"] = {{16}, std::vector<float>(16, 0.25F)};
  Subject to("resnet8");
  to.take(read(to), 0);
  EXPECT_NEAR(std::ldexp(static_cast<double>(to.steps[0].running_mean[0]), kRunningExp),
              tensors_["bn1.running_mean"].values[0] - 0.25, 1e-6);
}

TEST_F(ImportTest, HalvesAreRead) {
  // 1, -2.5, the largest, the least normal and a subnormal number of F16; then BF16.
  const std::vector<uint16_t> f16 = {0x3C00, 0xC100, 0x7BFF, 0x0400, 0x0001, 0, 0, 0, 0, 0},
                              bf16 = {0x3F80, 0xC020, 0, 0, 0, 0, 0, 0, 0, 0};
  Subject to("resnet8");
  const auto bias = [&](const char* type, const std::vector<uint16_t>& values) {
    std::vector<SafeTensor> list;
    for (const auto& [name, t] : tensors_)
      list.push_back({name, name == "fc.bias" ? type : "F32", t.shape,
                      name == "fc.bias" ? static_cast<const void*>(values.data()) : t.values.data()});
    write_safetensors(path_, {}, list);
    return read_safetensors_net(path_, to.steps, {}).back().bias;
  };
  const std::vector<float> a = bias("F16", f16), b = bias("BF16", bf16);
  EXPECT_EQ(a[0], 1);
  EXPECT_EQ(a[1], -2.5F);
  EXPECT_EQ(a[2], 65504);
  EXPECT_EQ(a[3], std::ldexp(1.0F, -14));
  EXPECT_EQ(a[4], std::ldexp(1.0F, -24));
  EXPECT_EQ(b[0], 1);
  EXPECT_EQ(b[1], -2.5F);
  expect_error([&] { bias("U16", f16); }, "'fc.bias' is of type U16", path_);
}

TEST_F(ImportTest, DoublesAreRead) {
  Subject to("resnet8");
  const std::vector<double> wide = {1, -2.5, 1 + 0x1p-40, 0x1p-130, 0, 0, 0, 0, 0, 0};
  const auto bias = [&](const std::vector<double>& values) {
    std::vector<SafeTensor> list;
    for (const auto& [name, t] : tensors_)
      list.push_back({name, name == "fc.bias" ? "F64" : "F32", t.shape,
                      name == "fc.bias" ? static_cast<const void*>(values.data()) : t.values.data()});
    write_safetensors(path_, {}, list);
    return read_safetensors_net(path_, to.steps, {}).back().bias;
  };
  EXPECT_EQ(bias(wide), (std::vector<float>{1, -2.5F, 1, 0x1p-130F, 0, 0, 0, 0, 0, 0}));
  expect_error([&] { bias({1e300, 0, 0, 0, 0, 0, 0, 0, 0, 0}); }, "'fc.bias' holds numbers that are not finite", path_);
}

// Labels are what the net says of its windows with either border: it gets all of these right, and of the others fewer.
TEST_F(ImportTest, TheBorderThatANetKnowsIsFound) {
  const Normalization norm = make_normalization(data().train);
  Net& net = from_.ready.net;
  for (const bool black : {false, true}) {
    Dataset set = data().train;
    std::iota(set.labels.begin(), set.labels.end(), uint16_t{0});
    std::vector<uint16_t> said(set.labels.size());
    Loader loader(set, norm, {kImported, true, Mirror::kRandom, 0, 0, 1, true, false, black ? Border::kBlack : Border::kMean});
    for (int i = 0; i < set.count / kImported; ++i) {
      const Batch& batch = loader.next();
      net.evaluate(batch);
      for (int n = 0; n < kImported; ++n) {
        const int32_t* logits = net.logits() + int64_t{n} * net.classes();
        said[static_cast<size_t>(batch.labels[static_cast<size_t>(n)])] =
            static_cast<uint16_t>(std::max_element(logits, logits + net.classes()) - logits);
      }
    }
    set.labels = said;
    const BorderHits hits = border_hits(net, set, norm, true, set.count, kImported);
    EXPECT_EQ(black ? hits.black : hits.mean, set.count);
    EXPECT_LT(black ? hits.mean : hits.black, set.count);
  }
}

TEST_F(ImportTest, TheLastLayerMayBeLeftOut) {
  tensors_["fc.weight"] = {{1000, 64}, std::vector<float>(64000)};
  tensors_["fc.bias"] = {{1000}, std::vector<float>(1000)};
  Subject to("resnet8");
  expect_error([&] { read(to); }, "'fc.weight' has the shape [1000, 64], layer linear10 takes [10, 64]", path_);
  const std::span<int32_t> now = to.steps.back().weight->master;
  const std::vector<int32_t> before(now.begin(), now.end());
  to.take(read(to, {.new_head = true}), 0);
  EXPECT_TRUE(std::ranges::equal(now, before));
  EXPECT_TRUE(std::ranges::equal(to.steps.front().weight->master, from_.steps.front().weight->master));
}

TEST_F(ImportTest, WhatDoesNotFitIsRefusedByName) {
  Subject to("resnet8"), other("resnet14");
  const FloatTensors all = tensors_;
  const auto refused = [&](const std::string& what) {
    expect_error([&] { read(to); }, what, path_);
    tensors_ = all;
  };
  tensors_.erase("layer2.0.bn1.running_var");
  refused("no tensor 'layer2.0.bn1.running_var', which layer conv4 takes");
  tensors_["extra.weight"] = tensors_["conv1.weight"];
  refused("the net has 9 convolutions, the file 10, 'layer3.0.downsample.0' the last");
  tensors_["extra.scale"] = tensors_["fc.bias"];
  refused("'extra.scale' is none of");
  tensors_["lonely"] = tensors_["fc.bias"];
  refused("'lonely' belongs to no module");
  tensors_["extra.bias"] = tensors_["fc.bias"];
  refused("'extra' has extra.bias, but no weight");
  tensors_["fc.running_mean"] = tensors_["fc.bias"];
  refused("'fc' is a linear layer, but has 'running_mean'");
  tensors_["conv1.weight"].shape = {16, 3, 3, 1};
  refused("'conv1.weight' has the shape [16, 3, 3, 1], layer conv0 takes [16, 1, 3, 3]");
  tensors_["conv1.weight"].shape = {16, 3, 3};
  refused("'conv1.weight' of shape [16, 3, 3]");
  tensors_["fc.bias"].values[3] = NAN;
  refused("'fc.bias' holds numbers that are not finite");
  tensors_["bn1.running_var"].values[0] = -1;
  refused("'bn1.running_var' holds negative numbers");
  expect_error([&] { read(other); }, "the net has 15 convolutions, the file 9", path_);
  expect_error([&] { Subject("resnet8_v2"); }, "'resnet8_v2' has pre-activation blocks", "model");
}

// Nets of all kinds along their graphs.
TEST_F(ImportTest, ByItsGraphANetComesBackAsItWas) {
  for (const std::string model : {"resnet8", "resnet18", "mobilenet_v2", "vgg_small", "mlp"}) {
    Subject from(model, kImported), to(model, kImported);
    from.ready.train(synthetic_batch(kImported), 50, 0);
    const std::string path = folder_.file("net.onnx");
    OnnxNet(from.steps, false).write(path);
    const ImportReport report = to.take(read_onnx_net(path, to.steps, false), 0);
    EXPECT_LE(difference(to, from), 1) << model;
    EXPECT_EQ(report.clamped, 0) << model;
  }
}

TEST_F(ImportTest, FoldedBatchNormIsFoundAgain) {
  const std::string path = folder_.file("net.onnx");
  OnnxNet(from_.steps, true).write(path);
  Subject to("resnet8");
  expect_error([&] { to.take(read_onnx_net(path, to.steps, false), 0); }, "batch norm is folded", "net.file");
  const ImportReport report = to.take(read_onnx_net(path, to.steps, false), 256);
  EXPECT_TRUE(report.estimated);
  EXPECT_LT(distance(to.evaluate(), from_.evaluate()), 0.15);
  // A training's batch statistics are near those found: the net that goes on learning is the one that came.
  const std::vector<double> evaluated = to.evaluate();
  to.ready.net.forward(synthetic_batch(kImported));
  std::vector<double> trained;
  for (const int32_t v : logits_of(to.ready.net, kImported)) trained.push_back(std::ldexp(v, to.ready.net.logits_exp()));
  EXPECT_LT(distance(trained, evaluated), 0.3);
}

TEST_F(ImportTest, ConvolutionsWithoutBatchNormHaveABias) {
  std::erase_if(tensors_, [](const auto& t) { return t.second.shape.size() == 1 && t.first != "fc.bias"; });
  Subject to("resnet8");
  expect_error([&] { read(to); }, "no tensor 'conv1.bias', which layer conv0 takes", path_);
  const FloatTensors all = tensors_;
  for (const auto& [name, t] : all)
    if (t.shape.size() == 4)
      tensors_[name.substr(0, name.size() - 6) + "bias"] = {{t.shape[0]},
                                                            std::vector<float>(static_cast<size_t>(t.shape[0]), 0.5F)};
  EXPECT_TRUE(to.take(read(to)).estimated);
}

}  // namespace
}  // namespace intrain::test
