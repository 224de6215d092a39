#include "models/models.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/buffer.h"
#include "nn/builder.h"
#include "ops/kernels.h"
#include "support/isas.h"
#include "support/nets.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

const Isa kScalar = isa_list().front().isa;

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

// He et al., table 6: 0.27 to 1.7 million parameters. Without the shortcuts' convolutions and their batch norms.
TEST(Models, ResidualNetsWithoutParametersInShortcutsHaveThePublishedSize) {
  for (int depth : {20, 32, 44, 56, 110}) {
    const Net net = build_model("resnet" + std::to_string(depth) + "_a", 32, 32, 3, 10);
    EXPECT_EQ(parameters(net), resnet_parameters(depth, 3, 10) - conv_bn(1, 16, 32) - conv_bn(1, 32, 64)) << depth;
    EXPECT_EQ(net.layers().size(), static_cast<size_t>(depth - 1 + 2 + 1 + 1)) << depth;
  }
  EXPECT_EQ(parameters(build_model("resnet20_a", 32, 32, 3, 10)), 269722);
}

TEST(Models, ImagenetResidualNetsHaveTheSizeOfTorchvisions) {
  struct Size {
    const char* name;
    int64_t parameters;     // torchvision, 1000 classes
    size_t convolutions;    // with the shortcuts' 3 or 4
    int64_t last_channels;  // into the linear layer
  };
  for (const Size& s : {Size{"resnet18", 11'689'512, 17 + 3, 512}, Size{"resnet34", 21'797'672, 33 + 3, 512},
                        Size{"resnet50", 25'557'032, 49 + 4, 2048}}) {
    EXPECT_EQ(parameters(build_model(s.name, 224, 224, 3, 1000)), s.parameters) << s.name;
    // One channel of input, 10 classes: the stem and the linear layer change, at any image size.
    for (int size : {32, 64, 97}) {
      const Net net = build_model(s.name, size, size, 1, 10);
      EXPECT_EQ(parameters(net), s.parameters - 49 * 2 * 64 - 990 * (s.last_channels + 1)) << s.name;
      EXPECT_EQ(net.layers().size(), s.convolutions + 3) << s.name;  // and both pools, and the linear layer
      EXPECT_EQ(net.classes(), 10);
    }
  }
}

// As v1, but the shortcuts' convolutions, of `projected` output channels in all, have no batch norm.
TEST(Models, PreActivationNetsHaveThePublishedSize) {
  const auto expect = [](const std::string& name, int size, int classes, int64_t projected) {
    const Net v1 = build_model(name, size, size, 3, classes), v2 = build_model(name + "_v2", size, size, 3, classes);
    EXPECT_EQ(parameters(v2), parameters(v1) - 2 * projected) << name;
    EXPECT_EQ(v2.layers().size(), v1.layers().size()) << name;
  };
  for (const char* name : {"resnet8", "resnet20", "resnet56"}) expect(name, 32, 10, 32 + 64);
  for (const char* name : {"resnet18", "resnet34"}) expect(name, 224, 1000, 128 + 256 + 512);
  expect("resnet50", 224, 1000, 256 + 512 + 1024 + 2048);
  EXPECT_EQ(parameters(build_model("resnet50_v2", 224, 224, 3, 1000)), 25'549'352);  // resnetv2_50 of timm
}

// kuangliu/pytorch-cifar's VGG has biases before its batch norms, which do nothing there: 14,728,266 and 9,231,114 with a bias for each of 4,224
// and 2,752 channels.
TEST(Models, NetsOfTheRecipesForCifarHaveThePublishedSize) {
  EXPECT_EQ(parameters(build_model("vgg16_bn", 32, 32, 3, 10)), 14'728'266 - 4'224);
  EXPECT_EQ(parameters(build_model("vgg11_bn", 32, 32, 3, 10)), 9'231'114 - 2'752);
  EXPECT_EQ(parameters(build_model("resnet18_cifar", 32, 32, 3, 10)), 11'173'962);
  EXPECT_EQ(parameters(build_model("wrn16_4", 32, 32, 3, 10)), 2'748'890);
  expect_error([] { vgg_bn(13, 32, 32, 3, 10); }, "13 layers", "model");
  expect_error([] { wide_resnet(18, 4, 32, 32, 3, 10); }, "18 layers", "model");
  EXPECT_EQ(build_model("vgg16_bn", 32, 32, 3, 10).layers().size(), 13u + 5 + 2);
  EXPECT_EQ(build_model("vgg16_bn", 28, 28, 1, 10).layers().size(), 13u + 4 + 2) << "the last pool is left out";
}

// Bytes of the layer's u8 output for one image, of the memory as planned.
size_t output_bytes(const Net& net, const std::string& layer) {
  for (const PlannedBuffer& b : net.memory().buffers())
    if (b.name == layer + ".output") return b.bytes;
  ADD_FAILURE() << "no output of " << layer;
  return 0;
}

TEST(Models, OutputsHaveTheShapesOfTheTable) {
  const auto expect = [](const char* model, int size, const std::vector<std::pair<const char*, int>>& table) {
    const auto runtime = std::make_shared<Runtime>(ops::make_kernels(kScalar), 1);
    Net net = build_model(model, size, size, 3, 10);
    net.prepare(1, false, runtime);
    for (const auto& [layer, elements] : table)
      EXPECT_EQ(output_bytes(net, layer), align_up(static_cast<size_t>(elements))) << model << ", " << layer;
  };
  expect("resnet18", 224,
         {{"conv0", 112 * 112 * 64},
          {"max_pool1", 56 * 56 * 64},
          {"conv5", 56 * 56 * 64},
          {"conv10", 28 * 28 * 128},
          {"conv15", 14 * 14 * 256},
          {"conv20", 7 * 7 * 512},
          {"average_pool21", 512}});
  expect("resnet18", 33, {{"conv0", 17 * 17 * 64}, {"max_pool1", 9 * 9 * 64}, {"conv10", 5 * 5 * 128}, {"conv20", 2 * 2 * 512}});
  // The stride of a bottleneck is in its 3x3, as torchvision has it: conv13 is the 1x1 before.
  expect("resnet50", 64,
         {{"conv0", 32 * 32 * 64},
          {"max_pool1", 16 * 16 * 64},
          {"conv4", 16 * 16 * 64},
          {"conv5", 16 * 16 * 256},
          {"conv13", 16 * 16 * 128},
          {"conv14", 8 * 8 * 128},
          {"conv15", 8 * 8 * 512},
          {"conv53", 2 * 2 * 2048},
          {"average_pool54", 2048}});
  // Of the blocks the linear outputs; up to 64 pixels the stem and the stage of 24 channels keep the size.
  expect("mobilenet_v2", 224,
         {{"conv0", 112 * 112 * 32},
          {"conv2", 112 * 112 * 16},
          {"conv4", 56 * 56 * 96},
          {"conv5", 56 * 56 * 24},
          {"conv11", 28 * 28 * 32},
          {"conv20", 14 * 14 * 64},
          {"conv32", 14 * 14 * 96},
          {"conv41", 7 * 7 * 160},
          {"conv50", 7 * 7 * 320},
          {"conv51", 7 * 7 * 1280},
          {"average_pool52", 1280}});
  expect("vgg16_bn", 32,
         {{"conv1", 32 * 32 * 64},
          {"max_pool2", 16 * 16 * 64},
          {"conv4", 16 * 16 * 128},
          {"conv8", 8 * 8 * 256},
          {"conv12", 4 * 4 * 512},
          {"conv16", 2 * 2 * 512},
          {"max_pool17", 512},
          {"average_pool18", 512}});
  expect("vgg11_bn", 32, {{"conv0", 32 * 32 * 64}, {"conv5", 8 * 8 * 256}, {"conv11", 2 * 2 * 512}, {"average_pool13", 512}});
  expect("resnet18_cifar", 32,
         {{"conv0", 32 * 32 * 64},
          {"conv4", 32 * 32 * 64},
          {"conv9", 16 * 16 * 128},
          {"conv19", 4 * 4 * 512},
          {"average_pool20", 512}});
  expect("mobilenet_v2", 32,
         {{"conv0", 32 * 32 * 32}, {"conv5", 32 * 32 * 24}, {"conv11", 16 * 16 * 32}, {"conv50", 4 * 4 * 320}});
  expect("mobilenet_v2", 64, {{"conv0", 64 * 64 * 32}, {"conv51", 8 * 8 * 1280}});
  expect("mobilenet_v2", 65, {{"conv0", 33 * 33 * 32}, {"conv51", 3 * 3 * 1280}});
  expect("vgg_small", 32,
         {{"conv1", 32 * 32 * 128},
          {"max_pool2", 16 * 16 * 128},
          {"conv4", 16 * 16 * 256},
          {"max_pool5", 8 * 8 * 256},
          {"conv7", 8 * 8 * 512},
          {"max_pool8", 4 * 4 * 512},
          {"linear9", 1024}});
}

TEST(Models, MobilenetV2HasTheSizeOfTorchvisions) {
  const Net net = build_model("mobilenet_v2", 224, 224, 3, 1000);
  EXPECT_EQ(parameters(net), 3'504'872);
  EXPECT_EQ(net.layers().size(), 52u + 2);  // convolutions; pool, linear
  for (int size : {32, 64, 65, 97}) {
    const Net other = build_model("mobilenet_v2", size, size, 1, 10);
    EXPECT_EQ(parameters(other), 3'504'872 - 9 * 2 * 32 - 990 * 1281) << size;
  }
}

TEST(Models, SmallVggHasThePublishedSize) {
  const Net net = build_model("vgg_small", 32, 32, 3, 10);
  EXPECT_EQ(parameters(net), conv_bn(3, 3, 128) + conv_bn(3, 128, 128) + conv_bn(3, 128, 256) + conv_bn(3, 256, 256) +
                                 conv_bn(3, 256, 512) + conv_bn(3, 512, 512) + 4 * 4 * 512 * 1024 + 1024 + 1024 * 10 + 10);
  EXPECT_EQ(net.layers().size(), 6u + 3 + 2);
}

TEST(Models, MlpHasThePublishedSize) {
  EXPECT_EQ(parameters(build_model("mlp", 28, 28, 1, 10)), 784 * 200 + 200 + 200 * 100 + 100 + 100 * 50 + 50 + 50 * 10 + 10);
}

TEST(Models, EveryNameBuilds) {
  const std::vector<std::string> names = model_names();
  EXPECT_TRUE(std::is_permutation(
      names.begin(), names.end(),
      std::vector<std::string>{
          "mlp",         "resnet8",     "resnet14",    "resnet20",       "resnet32",     "resnet44",    "resnet56",
          "resnet110",   "resnet18",    "resnet34",    "resnet50",       "mobilenet_v2", "vgg_small",   "resnet20_a",
          "resnet32_a",  "resnet44_a",  "resnet56_a",  "resnet110_a",    "resnet8_v2",   "resnet20_v2", "resnet56_v2",
          "resnet18_v2", "resnet34_v2", "resnet50_v2", "resnet18_cifar", "wrn16_4",      "vgg11_bn",    "vgg16_bn"}
          .begin()));
  for (const std::string& name : names) EXPECT_GT(build_model(name, 12, 12, 1, 10).parameter_count(), 0) << name;
}

TEST(Models, UnknownNamesAreRefusedWithTheKnownOnes) {
  for (const char* name : {"", "resnet", "resnet9", "RESNET8", "resnet8 ", "vgg"})
    expect_error([&] { build_model(name, 32, 32, 3, 10); }, "unknown model", "model");
  try {
    build_model("vgg", 32, 32, 3, 10);
  } catch (const Error& e) {
    for (const std::string& name : model_names()) EXPECT_NE(e.hint.find(name), std::string::npos) << name;
  }
}

TEST(Models, ImagesThatDoNotFitAreRefused) {
  expect_error([] { build_model("mlp", 260, 260, 1, 10); }, "too large", "image");
  for (const char* name : {"resnet8", "resnet110"}) {
    expect_error([&] { build_model(name, 257, 257, 3, 10); }, "too large", "image");
    EXPECT_GT(build_model(name, 256, 256, 3, 10).parameter_count(), 0) << name;
    EXPECT_GT(build_model(name, 1, 1, 1, 2).parameter_count(), 0) << name;
  }
  for (const char* name : {"resnet18", "resnet34", "resnet50"}) {
    expect_error([&] { build_model(name, 514, 514, 3, 10); }, "too large", "image");
    EXPECT_GT(build_model(name, 512, 512, 3, 10).parameter_count(), 0) << name;
    EXPECT_GT(build_model(name, 1, 1, 1, 2).parameter_count(), 0) << name;
  }
  expect_error([] { build_model("vgg_small", 8, 7, 3, 10); }, "too small", "model");
  expect_error([] { build_model("vgg_small", 96, 96, 3, 10); }, "too large", "image");
  EXPECT_GT(build_model("vgg_small", 8, 8, 1, 2).parameter_count(), 0);
  expect_error(
      [] {
        NetBuilder net(6, 4, 1, 2);
        net.conv_bn_relu(net.input(), {.k = 8, .size = 5});
      },
      "too small", "model");
}

// What a training step leaves, and the logits of an evaluation after it.
struct Outcome {
  std::vector<int32_t> logits, evaluated;
  std::vector<std::vector<uint8_t>> state;
};

Outcome step_of(const char* model, int side, const RunSettings& settings) {
  constexpr int kCount = 3;
  const Batch batch = random_batch(1, kCount, side, side, 3, 10);
  ReadyNet ready(build_model(model, side, side, 3, 10), kCount, settings);
  Outcome outcome;
  ready.train(batch, 51, 0);
  outcome.logits = logits_of(ready.net, kCount);
  ready.net.evaluate(batch);
  outcome.evaluated = logits_of(ready.net, kCount);
  outcome.state = state_of(ready.net);
  return outcome;
}

// `expected`: of the reference with one thread.
void expect_bits_of_the_reference(const char* model, int side, Isa isa, const Outcome& expected) {
  EXPECT_TRUE(std::any_of(expected.evaluated.begin(), expected.evaluated.end(), [](int32_t x) { return x != 0; }));
  for (int threads = isa == kScalar ? 2 : 1; threads <= 3; ++threads) {
    const Outcome got = step_of(model, side, {.isa = isa, .threads = threads});
    EXPECT_EQ(got.logits, expected.logits) << model << ", threads " << threads;
    EXPECT_EQ(got.evaluated, expected.evaluated) << model << ", threads " << threads;
    EXPECT_TRUE(got.state == expected.state) << model << ", threads " << threads;
  }
}

class ModelsOnIsa : public IsaTest {};
INTRAIN_FOR_ALL_ISAS(ModelsOnIsa);

TEST_P(ModelsOnIsa, Resnet18ReturnsTheBitsOfTheReferenceForAnyThreads) {
  static const Outcome expected = step_of("resnet18", 24, {.isa = kScalar});
  expect_bits_of_the_reference("resnet18", 24, isa(), expected);
}

// ResNet-50 itself is trained so by `intrain verify`.
TEST_P(ModelsOnIsa, MobilenetV2ReturnsTheBitsOfTheReferenceForAnyThreads) {
  static const Outcome expected = step_of("mobilenet_v2", 11, {.isa = kScalar});
  expect_bits_of_the_reference("mobilenet_v2", 11, isa(), expected);
}

TEST_P(ModelsOnIsa, Resnet20V2ReturnsTheBitsOfTheReferenceForAnyThreads) {
  static const Outcome expected = step_of("resnet20_v2", 24, {.isa = kScalar});
  expect_bits_of_the_reference("resnet20_v2", 24, isa(), expected);
}

TEST_P(ModelsOnIsa, Resnet50V2ReturnsTheBitsOfTheReferenceForAnyThreads) {
  static const Outcome expected = step_of("resnet50_v2", 24, {.isa = kScalar});
  expect_bits_of_the_reference("resnet50_v2", 24, isa(), expected);
}

TEST_P(ModelsOnIsa, SmallVggReturnsTheBitsOfTheReferenceForAnyThreads) {
  static const Outcome expected = step_of("vgg_small", 10, {.isa = kScalar});
  expect_bits_of_the_reference("vgg_small", 10, isa(), expected);
}

TEST(Models, ADepthThatThereIsNotIsRefused) {
  for (const int depth : {-4, 0, 7, 21}) {
    expect_error([&] { cifar_resnet(depth, 12, 12, 1, 10); }, "layers", "model");
    expect_error([&] { cifar_resnet_a(depth, 12, 12, 1, 10); }, "layers", "model");
    expect_error([&] { cifar_resnet_v2(depth, 12, 12, 1, 10); }, "layers", "model");
  }
  expect_error([] { imagenet_resnet(51, 32, 32, 3, 10); }, "51 layers", "model");
  expect_error([] { imagenet_resnet_v2(101, 32, 32, 3, 10); }, "101 layers", "model");
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
