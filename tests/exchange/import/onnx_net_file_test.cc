// The net that an ONNX graph says by itself: built from its text it is the net that the file was made of.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "exchange/import/import.h"
#include "models/models.h"
#include "support/float_files.h"
#include "support/small_onnx.h"

namespace intrain::test {
namespace {

constexpr int kBatch = 16;

class OnnxNetFile : public testing::Test {
 protected:
  // Logits of the file's numbers in `net`, whose scales are found with no images.
  std::vector<int32_t> logits(Net net, const std::string& name, const Batch& batch) {
    ReadyNet ready(std::move(net), kBatch);
    const std::vector<NetStep> steps = net_steps(ready.net, name);
    static const DataSplits data = make_synthetic(64, 1);
    import_layers(ready.net, steps, read_onnx_net(path_, steps, false), path_, data.train, make_normalization(data.train), 0,
                  kBatch);
    ready.net.evaluate(batch);
    return logits_of(ready.net, kBatch);
  }
  std::string describe(const OnnxBuilder& model, int classes = 3, bool new_head = false) {
    model.write(path_);
    return describe_onnx_net(path_, 6, 6, 2, classes, new_head);
  }
  void refused(const SmallOnnx& net, const std::string& what) {
    expect_error([&] { describe(net.build()); }, what, path_);
  }

  const TempFolder folder_;
  const std::string path_ = folder_.file("net.onnx");
  SmallOnnx net_;
};

// Blocks of each kind that has another shape in a graph.
constexpr const char* kBlocks = R"(
[[layer]]
type = "conv"
channels = 8
size = 3
pad = 1
[[layer]]
type = "max_pool"
size = 3
stride = 2
pad = 1
[[layer]]
type = "bottleneck"
channels = 4
stride = 2
repeat = 2
[[layer]]
type = "inverted_residual"
channels = 16
expand = 2
repeat = 2
[[layer]]
type = "basic"
channels = 16
[[layer]]
type = "linear"
channels = 12
)";

TEST_F(OnnxNetFile, NetsOfAllKindsAreFoundInTheirGraphs) {
  for (const std::string model : {"resnet8", "mlp", "blocks.toml"}) {
    const auto build = [&] { return build_model(model, kBlocks, 12, 12, 1, 10); };
    {
      ReadyNet from(build(), kBatch);
      from.train(synthetic_batch(kBatch), 50, 0);
      OnnxNet(net_steps(from.net, model), false).write(path_);
    }
    const std::string text = describe_onnx_net(path_, 12, 12, 1, 10, false);
    EXPECT_EQ(logits(build_net(text, "found.toml", 12, 12, 1, 10), "found.toml", synthetic_batch(kBatch)),
              logits(build(), model, synthetic_batch(kBatch)))
        << model << "\n"
        << text;
  }
}

// A file of PyTorch 2.15, weights beside it and batch norm folded (data/make.py): the logits are PyTorch's.
TEST_F(OnnxNetFile, WhatPyTorchWritesTodayComputesWhatPyTorchComputes) {
  const std::string data = std::string(INTRAIN_TESTS_DIR) + "/exchange/import/data/", path = data + "dynamo.onnx";
  const std::string text = describe_onnx_net(path, 12, 12, 1, 10, false);
  ReadyNet ready(build_net(text, "dynamo.toml", 12, 12, 1, 10), kBatch);
  const std::vector<NetStep> steps = net_steps(ready.net, "dynamo.toml");
  const DataSplits train = make_synthetic(256, 1);
  const ImportReport report = import_layers(ready.net, steps, read_onnx_net(path, steps, false), path, train.train,
                                            make_normalization(train.train), 256, kBatch);
  EXPECT_TRUE(report.estimated);
  EXPECT_EQ(report.clamped, 0);
  Batch batch{kBatch, {}, std::vector<int32_t>(kBatch)};
  uint32_t state = 1;
  for (int i = 0; i < kBatch * 144; ++i) {
    state = (state * 1103515245 + 12345) % (uint32_t{1} << 31);
    batch.images.push_back(static_cast<int8_t>(static_cast<int>((state >> 16) % 65) - 32 + i / 144 * 9 % 65 - 32));
  }
  ready.net.evaluate(batch);
  std::ifstream file(data + "dynamo.logits");
  double error = 0, norm = 0, wanted = 0;
  for (const int32_t v : logits_of(ready.net, kBatch)) {
    ASSERT_TRUE(file >> wanted);
    const double found = std::ldexp(v, ready.net.logits_exp());
    error += (found - wanted) * (found - wanted);
    norm += wanted * wanted;
  }
  EXPECT_LT(std::sqrt(error / norm), 0.05);
}

TEST_F(OnnxNetFile, TheTextSaysNoMoreThanItMust) {
  EXPECT_EQ(describe(net_.build()), R"([[layer]]
type = "conv"
channels = 4
size = 3
stride = 1
pad = 1

[[layer]]
type = "conv"
channels = 8
size = 3
stride = 2
pad = 1

[[layer]]
type = "average_pool"

)");
}

// A block whose shortcut is the longer branch, one that is read twice, a linear sum, groups, and pools before their ReLU.
TEST_F(OnnxNetFile, BranchesAreNamedWhereTheyMustBe) {
  net_.relu = [](OnnxBuilder& b, const std::string& in) {
    const auto conv = [&](const std::string& x, int64_t outputs, int64_t inputs, int64_t size, int64_t groups = 1) {
      const int64_t pad = size / 2;
      return b.node("Conv",
                    {x, b.floats({outputs, inputs / groups, size, size},
                                 SmallOnnx::numbers(9, static_cast<int>(outputs * inputs / groups * size * size)))},
                    with("pads", {pad, pad, pad, pad}, with_int("group", groups)));
    };
    const std::string x = b.node("Relu", {in});
    const std::string expanded = b.node("Relu", {conv(x, 8, 4, 1)});
    const std::string deep = conv(b.node("Relu", {conv(expanded, 8, 8, 3, 8)}), 4, 8, 1);
    const std::string linear = b.node("Add", {deep, conv(x, 4, 4, 3)});
    const std::string sum = b.node("Add", {linear, conv(b.node("Relu", {conv(linear, 4, 4, 1)}), 4, 4, 3)});
    return b.node("Relu", {sum});
  };
  const std::string text = describe(net_.build());
  // The layers of ours, built from the text, are those of the graph: or they are not found in it.
  SmallSteps net(text);
  EXPECT_EQ(read_onnx_net(path_, net.steps, false).size(), 9);
  EXPECT_NE(text.find("groups = 8"), std::string::npos) << text;
  EXPECT_NE(text.find("activation = \"linear\""), std::string::npos) << text;
  EXPECT_NE(text.find("input = \"layer1\""), std::string::npos) << text;
}

TEST_F(OnnxNetFile, WhereItEndsIsNamed) {
  net_.relu = [](OnnxBuilder& b, const std::string& in) {
    const std::string x = b.node("Relu", {in});
    return b.node("Add", {x, b.node("MaxPool", {x}, with("kernel_shape", {3, 3}, with("pads", {1, 1, 1, 1})))});
  };
  refused(net_, "Add 'node_Add5' adds no convolution");
  net_.relu = [](OnnxBuilder& b, const std::string& in) { return b.node("Relu", {b.node("Relu6", {in})}); };
  refused(net_, "Relu6 'node_Relu63' is no operator");
  net_.relu = [](OnnxBuilder& b, const std::string& in) {
    return b.node("Add", {in, b.node("Conv", {b.node("Relu", {in}), b.floats({4, 4, 1, 1}, SmallOnnx::numbers(1, 16))})});
  };
  refused(net_, "Relu 'node_Relu3' follows no convolution and no linear layer");
  net_.relu = [](OnnxBuilder&, const std::string& in) { return in; };
  net_.pool = [](OnnxBuilder& b, const std::string& in) {
    const std::string conv = b.node("Conv", {in, b.floats({8, 8, 1, 1}, SmallOnnx::numbers(1, 64))});
    return b.node("GlobalAveragePool", {conv});
  };
  refused(net_, "GlobalAveragePool 'node_GlobalAveragePool7' reads 'Conv6', which no ReLU makes");
  net_ = {};
  net_.head = [&](OnnxBuilder& b, const std::string& in) {
    const std::string hidden = b.node("Gemm", {in, b.floats({8, 8}, SmallOnnx::numbers(1, 64))}, with_int("transB", 1));
    return b.node("Gemm", {hidden, b.floats({3, 8}, net_.linear)}, with_int("transB", 1));
  };
  refused(net_, "Gemm 'node_Gemm9' has no ReLU behind it, and is not the last layer");
  net_.head = [](OnnxBuilder&, const std::string& in) { return in; };
  refused(net_, "GlobalAveragePool 'node_GlobalAveragePool7' ends the net, which a linear layer must do");
}

// One tensor as the weights of many layers.
TEST_F(OnnxNetFile, AFileIsNoLargerThanItsNumbers) {
  net_.first = [](OnnxBuilder& b, const std::string& in) {
    std::string x = b.node("Conv", {in, b.floats({64, 2, 1, 1}, SmallOnnx::numbers(1, 128))});
    const std::string weight = b.floats({64, 64, 3, 3}, SmallOnnx::numbers(1, 64 * 64 * 9));
    for (int i = 0; i < 5; ++i) x = b.node("Conv", {b.node("Relu", {x}), weight}, with("pads", {1, 1, 1, 1}));
    return b.node("Conv", {b.node("Relu", {x}), b.floats({4, 64, 1, 1}, SmallOnnx::numbers(1, 256))});
  };
  refused(net_, "Conv 'node_Conv11' has more weights, with those before it, than the file holds numbers");
}

TEST_F(OnnxNetFile, TheClassesAreTheData) {
  expect_error([&] { describe(net_.build(), 4); }, "Gemm 'node_Gemm9' has 3 outputs, the data 4 classes", path_);
  const std::string text = describe(net_.build(), 4, true);
  SmallSteps net(text, 6, 6, 2, 4);
  EXPECT_TRUE(read_onnx_net(path_, net.steps, true).back().weight.empty());
  net_.head = [](OnnxBuilder&, const std::string& in) { return in; };
  EXPECT_EQ(describe(net_.build(), 4, true), text);
}

}  // namespace
}  // namespace intrain::test
