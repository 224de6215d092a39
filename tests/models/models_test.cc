#include "models/models.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "nn/builder.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

// Convolution and its gamma and beta.
int64_t conv_bn(int64_t size, int64_t in, int64_t out) { return size * size * in * out + 2 * out; }

// He et al., section 4.2: depth = 6 n + 2.
int64_t resnet_parameters(int depth, int64_t channels, int64_t classes) {
  const int n = (depth - 2) / 6;
  int64_t count = conv_bn(3, channels, 16) + n * 2 * conv_bn(3, 16, 16);
  for (int64_t width : {32, 64})
    count += conv_bn(3, width / 2, width) + conv_bn(1, width / 2, width) + (2 * n - 1) * conv_bn(3, width, width);
  return count + 64 * classes + classes;
}

int64_t parameters(const Net& net) {
  int64_t count = 0;
  for (const Parameter* p : net.parameters()) count += p->count();
  EXPECT_EQ(net.parameter_count(), count);
  return count;
}

TEST(Models, ResidualNetsHaveThePublishedSize) {
  EXPECT_EQ(resnet_parameters(20, 3, 10), 272474);
  for (int depth : {8, 14, 20, 32, 44, 56, 110})
    for (const auto& [channels, classes] : {std::pair{3, 10}, {1, 10}, {3, 100}}) {
      const std::string name = "resnet" + std::to_string(depth);
      const int size = channels == 1 ? 28 : 32;
      const Net net = build_model(name, size, size, channels, classes);
      EXPECT_EQ(parameters(net), resnet_parameters(depth, channels, classes)) << name;
      // Layers: convolutions with weights, of which two are shortcuts; pool; linear.
      EXPECT_EQ(net.layers().size(), static_cast<size_t>(depth - 1 + 2 + 1 + 1)) << name;
      EXPECT_EQ(net.classes(), classes);
      EXPECT_EQ(net.height(), size);
      EXPECT_EQ(net.channels(), channels);
    }
}

TEST(Models, MlpHasThePublishedSize) {
  EXPECT_EQ(parameters(build_model("mlp", 28, 28, 1, 10)), 784 * 200 + 200 + 200 * 100 + 100 + 100 * 50 + 50 + 50 * 10 + 10);
}

TEST(Models, EveryNameBuilds) {
  const std::vector<std::string> names = model_names();
  EXPECT_TRUE(std::is_permutation(
      names.begin(), names.end(),
      std::vector<std::string>{"mlp", "resnet8", "resnet14", "resnet20", "resnet32", "resnet44", "resnet56", "resnet110"}
          .begin()));
  for (const std::string& name : names) EXPECT_GT(build_model(name, 12, 12, 1, 10).parameter_count(), 0) << name;
}

TEST(Models, UnknownNamesAreRefusedWithTheKnownOnes) {
  for (const char* name : {"", "resnet", "resnet9", "RESNET8", "resnet8 ", "vgg"})
    expect_error([&] { build_model(name, 32, 32, 3, 10); }, "unknown model", "--model");
  try {
    build_model("vgg", 32, 32, 3, 10);
  } catch (const Error& e) {
    for (const std::string& name : model_names()) EXPECT_NE(e.hint.find(name), std::string::npos) << name;
  }
}

TEST(Models, ImagesThatDoNotFitAreRefused) {
  expect_error([] { build_model("mlp", 260, 260, 1, 10); }, "too large", "--data");
  for (const char* name : {"resnet8", "resnet110"}) {
    expect_error([&] { build_model(name, 257, 257, 3, 10); }, "too large", "--data");
    EXPECT_GT(build_model(name, 256, 256, 3, 10).parameter_count(), 0) << name;
    EXPECT_GT(build_model(name, 1, 1, 1, 2).parameter_count(), 0) << name;
  }
  expect_error(
      [] {
        NetBuilder net(6, 4, 1, 2);
        net.conv_bn_relu(net.input(), {.k = 8, .size = 5});
      },
      "too small", "--model");
}

// Down to one pixel and through odd sizes, where strides round.
TEST(Models, OddImageSizesTrain) {
  for (const auto& [h, w] : {std::pair{1, 1}, {5, 7}, {9, 2}}) {
    ReadyNet ready(cifar_resnet(8, h, w, 3, 3), 4);
    const Batch batch = random_batch(1, 4, h, w, 3, 3);
    ready.train(batch, 51, 0);
    ready.net.evaluate(batch);
    const std::vector<int32_t> logits = logits_of(ready.net, 4);
    EXPECT_TRUE(std::any_of(logits.begin(), logits.end(), [](int32_t x) { return x != 0; })) << h << "x" << w;
  }
}

}  // namespace
}  // namespace intrain::test
