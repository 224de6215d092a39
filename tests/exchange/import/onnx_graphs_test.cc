// Graphs as a whole: where they end, what of them is the net, and those that are none of ours.
#include <gtest/gtest.h>

#include "exchange/import/onnx_reader.h"

namespace intrain::test {
namespace {

using OnnxGraphs = OnnxReader;

TEST_F(OnnxGraphs, TheLastLayerMayBeLeftOutOrMissing) {
  net.head = [](OnnxBuilder& b, const std::string& in) {
    return b.node("Gemm", {in, b.floats({7, 8}, SmallOnnx::numbers(1, 56))}, with_int("transB", 1));
  };
  refused(net, "layer linear3: Gemm 'node_Gemm9' has 7 outputs, not 3");
  std::vector<FloatLayer> found = read(net.build(), true);
  EXPECT_TRUE(found.back().weight.empty());
  EXPECT_EQ(found[1].weight, usual_[1].weight);
  net.head = [](OnnxBuilder&, const std::string& in) { return in; };
  refused(net, "layer linear3: no Gemm reads");
  found = read(net.build(), true);
  EXPECT_TRUE(found.back().weight.empty());
  EXPECT_EQ(found[1].weight, usual_[1].weight);
}

TEST_F(OnnxGraphs, GraphsOfOtherKindsAreRefused) {
  const auto changed = [&](const auto& change, const std::string& what) {
    OnnxBuilder model = SmallOnnx().build();
    change(model);
    expect_error([&] { read(model); }, what, path_);
  };
  changed([](OnnxBuilder& b) { b.graph.mutable_node(2)->set_op_type("Sigmoid"); }, "Sigmoid 'node_Relu3' is no operator");
  changed([](OnnxBuilder& b) { b.graph.mutable_node(2)->set_domain("pkg.of.mine"); },
          "is of 'pkg.of.mine', not an operator of ONNX");
  changed([](OnnxBuilder& b) { b.graph.mutable_node(2)->set_input(0, "nothing"); },
          "Relu 'node_Relu3' reads 'nothing', which no node before it makes");
  changed([](OnnxBuilder& b) { b.graph.mutable_node(2)->set_input(0, "Relu6"); }, "reads 'Relu6', which no node before it makes");
  changed([](OnnxBuilder& b) { b.graph.mutable_node(2)->clear_input(); }, "Relu 'node_Relu3' has no input");
  changed([](OnnxBuilder& b) { b.graph.mutable_node(2)->clear_output(); }, "reads 'Relu3', which no node before it makes");
  changed([](OnnxBuilder& b) { b.graph.mutable_node(2)->set_output(0, "Conv1"); }, "which");
  changed([](OnnxBuilder& b) { b.output("Flatten8"); }, "the graph has 2 outputs");
  changed([](OnnxBuilder& b) { b.images({0, 2, 6, 6}, "more"); }, "the graph has 2 inputs");
  changed([](OnnxBuilder& b) { b.graph.mutable_output(0)->set_name("none"); },
          "the graph's output 'none' is computed by no node");
  changed([](OnnxBuilder& b) { b.graph.mutable_output(0)->set_name("images"); },
          "the graph's output 'images' is computed by no node");
  changed([](OnnxBuilder& b) { b.model.mutable_opset_import(0)->set_version(6); }, "the model is of operator set 6");
  changed([](OnnxBuilder& b) { b.model.mutable_opset_import(0)->set_version(99); }, "the model is of operator set 99");
  write_bytes(path_, {1, 2, 3});
  expect_error([&] { read_onnx_net(path_, net_.steps, false); }, "not an ONNX model", path_);
  expect_error([&] { read_onnx_net(folder_.file("none"), net_.steps, false); }, "cannot open", "none");
}

// A layer between, or none: the graph is another net.
TEST_F(OnnxGraphs, OtherNetsAreRefused) {
  net.relu = [&](OnnxBuilder& b, const std::string& in) {
    return b.node("Relu", {b.node("Conv", {b.node("Relu", {in}), b.floats({4, 4, 1, 1}, SmallOnnx::numbers(1, 16))})});
  };
  refused(net,
          "layer conv1: no Conv with weights [8, 4, 3, 3], stride 2, pad 1 reads 'Relu3', but Conv 'node_Conv4' with weights [4, "
          "4, 1, 1]");
  net = {};
  net.relu = [&](OnnxBuilder& b, const std::string& in) { return b.node("Add", {b.node("Relu", {in}), b.node("Relu", {in})}); };
  refused(net, "reads 'Relu3', but Add 'node_Add5'");
  net = {};
  net.pool = [&](OnnxBuilder&, const std::string& in) { return in; };
  net.head = [&](OnnxBuilder& b, const std::string& in) {
    return b.node("Gemm", {in, b.floats({3, 72}, SmallOnnx::numbers(1, 216))}, with_int("transB", 1));
  };
  refused(net, "layer average_pool2: no mean over the image reads 'Relu6', but Gemm 'node_Gemm8'");
}

TEST_F(OnnxGraphs, WhatIsNotUsedIsLeftOut) {
  OnnxBuilder model = net.build();
  model.floats({5}, {1, 2, 3, 4, 5});
  model.node("Sigmoid", {"Flatten8"});
  for (int i = 0; i < 3; ++i) model.graph.add_input()->set_name(model.graph.initializer(i).name());
  EXPECT_EQ(read(model).back().weight, usual_.back().weight);
}

// Long chains of what changes nothing: each node is looked at once.
TEST_F(OnnxGraphs, LongChainsAreFollowed) {
  net.front = [](OnnxBuilder& b, const std::string& in) {
    std::string x = in;
    for (int i = 0; i < 5000; ++i) x = b.node("Identity", {x});
    return x;
  };
  same(net);
}

}  // namespace
}  // namespace intrain::test
