// What is done to the channels behind a layer belongs to it: batch norm, products and sums.
#include <gtest/gtest.h>

#include <cmath>

#include "exchange/import/onnx_reader.h"

namespace intrain::test {
namespace {

using OnnxChannels = OnnxReader;

TEST_F(OnnxChannels, WhatIsDoneToChannelsBelongsToTheLayer) {
  const std::vector<float> scale = {2, 0.5F, -1, 4}, shift = {1, -2, 3, 0.25F};
  // Batch norm of (conv / scale - shift) with the statistics moved along is that of the convolution.
  net.norm = [&](OnnxBuilder& b, const std::string& in) {
    SmallOnnx moved;
    const std::string divided = b.node("Div", {in, b.floats({4, 1, 1}, scale)});
    const std::string out = b.node("Sub", {divided, b.floats({1, 4, 1, 1}, shift)});
    const std::string back = b.node("Mul", {b.node("Add", {b.floats({4, 1, 1}, shift), out}), b.floats({4, 1, 1}, scale)});
    const std::string twice = b.node("Sub", {b.floats({}, {0}), b.node("Mul", {back, b.floats({1}, {-1})})});
    return moved.usual_norm(b, twice);
  };
  same(net, 1e-5);
  // Behind the batch norm: to gamma and beta.
  net.norm = [&](OnnxBuilder& b, const std::string& in) {
    SmallOnnx moved;
    for (size_t i = 0; i < 4; ++i) {
      moved.gamma1[i] = net.gamma1[i] / scale[i];
      moved.beta1[i] = (net.beta1[i] - shift[i]) / scale[i];
    }
    return b.node("Add", {b.node("Mul", {moved.usual_norm(b, in), b.floats({4, 1, 1}, scale)}), b.floats({4, 1, 1}, shift)});
  };
  same(net, 1e-6);
  // A second batch norm, of which the first is a part.
  net.norm = [&](OnnxBuilder& b, const std::string& in) {
    SmallOnnx plain;
    return b.node("BatchNormalization",
                  {plain.usual_norm(b, in), b.floats({4}, {2, 2, 2, 2}), b.floats({4}, {1, 1, 1, 1}), b.floats({4}, {2, 2, 2, 2}),
                   b.floats({4}, {16, 16, 16, 16})},
                  with_float("epsilon", 0));
  };
  const std::vector<FloatLayer> found = read(net.build());
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(found[0].gamma[i], net.gamma1[i] * 2 / 4, 1e-6);
    EXPECT_NEAR(found[0].beta[i], (net.beta1[i] - 2) * 2 / 4 + 1, 1e-6);
  }
}

// As exporters leave it that write batch norm as a product and a sum.
TEST_F(OnnxChannels, AProductAndASumAreABatchNormThatIsFolded) {
  const std::vector<float> scale = {2, 0.5F, -1, 4}, shift = {1, -2, 3, 0.25F};
  net.norm = [&](OnnxBuilder& b, const std::string& in) {
    return b.node("Add", {b.node("Mul", {in, b.floats({1, 4, 1, 1}, scale)}), b.floats({1, 4, 1, 1}, shift)});
  };
  const FloatLayer layer = read(net.build())[0];
  EXPECT_TRUE(layer.folded);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(layer.bias[i], shift[i]);
    for (size_t j = 0; j < 18; ++j) EXPECT_EQ(layer.weight[i * 18 + j], usual_[0].weight[i * 18 + j] * scale[i]);
  }
}

TEST_F(OnnxChannels, WhatIsDoneToOtherChannelsIsRefused) {
  net.norm = [](OnnxBuilder& b, const std::string& in) { return b.node("Mul", {in, b.floats({6}, {1, 2, 3, 4, 5, 6})}); };
  refused(net, "Mul 'node_Mul2' has a constant of shape [6] for 4 channels");
  net.norm = [](OnnxBuilder& b, const std::string& in) { return b.node("Mul", {in, b.floats({6, 1}, {1, 2, 3, 4, 5, 6})}); };
  refused(net, "has a constant of shape [6, 1] for 4 channels");
  net = {};
  net.front = [](OnnxBuilder& b, const std::string& in) { return b.node("Sub", {in, b.floats({1, 2, 1, 1}, {0.5F, 0.5F})}); };
  refused(net, "Sub 'node_Sub1' changes the images before the net's first layer");
  net = {};
  net.flatten = [](OnnxBuilder& b, const std::string& in) {
    return b.node("Flatten", {b.node("Mul", {in, b.floats({1}, {2})})});
  };
  refused(net, "Mul 'node_Mul8' follows no convolution");
  net = {};
  net.relu = [](OnnxBuilder& b, const std::string& in) {
    return b.node("Add", {b.node("Relu", {in}), b.node("Mul", {in, b.floats({}, {2})})});
  };
  refused(net, "Mul 'node_Mul4' changes 'BatchNormalization2', which other nodes read as it was");
  net.relu = [](OnnxBuilder& b, const std::string& in) {
    const std::string changed = b.node("Mul", {in, b.floats({}, {2})});
    return b.node("Add", {b.node("Relu", {changed}), in});
  };
  refused(net, "Add 'node_Add5' reads 'BatchNormalization2', which other nodes change before it");
  net.relu = [](OnnxBuilder& b, const std::string& in) { return b.node("Mul", {in, in}); };
  refused(net, "Mul 'node_Mul3' is between two layers");
  net.norm = [](OnnxBuilder& b, const std::string& in) { return b.node("Div", {in, b.floats({}, {0})}); };
  net.relu = {};
  refused(net, "Div 'node_Div2' makes numbers that are not finite");
}

TEST_F(OnnxChannels, BatchNormsOfOtherKindsAreRefused) {
  const auto norm = [&](const OnnxBuilder::Attributes& attributes, const std::string& what) {
    net.norm = [=, this](OnnxBuilder& b, const std::string& in) {
      SmallOnnx plain;
      const std::string out = plain.usual_norm(b, in);
      attributes(*b.graph.mutable_node(b.graph.node_size() - 1));
      return out;
    };
    refused(net, what);
  };
  for (const float epsilon : {-1.0F, NAN, INFINITY})
    norm(with_float("epsilon", epsilon),
         "BatchNormalization 'node_BatchNormalization2' has an epsilon that is below 0 or no number");
  norm(with_int("training_mode", 1), "normalizes by the images at hand");
  net = {};
  net.variance1[2] = -1;
  refused(net, "has a negative variance");
  net = {};
  net.relu = [&](OnnxBuilder& b, const std::string& in) { return SmallOnnx().usual_norm(b, b.node("Relu", {in})); };
  refused(net, "BatchNormalization 'node_BatchNormalization4' follows no convolution");
}

}  // namespace
}  // namespace intrain::test
