// Every operator that is taken, in each way that exporters write it: the layers that are read must be those of the net as it is usually
// written.
#include <gtest/gtest.h>

#include <cmath>

#include "exchange/import/float_net.h"
#include "support/small_onnx.h"

namespace intrain::test {
namespace {

class OnnxOperators : public testing::Test {
 protected:
  std::vector<FloatLayer> read(const OnnxBuilder& model, bool new_head = false) {
    model.write(path_);
    return read_onnx_net(path_, net_.steps, new_head);
  }
  // Reads the net, and compares each number with the usual way; `tolerance`: of one that is computed.
  void same(const SmallOnnx& written, double tolerance = 0) {
    SCOPED_TRACE(testing::UnitTest::GetInstance()->current_test_info()->name());
    const std::vector<FloatLayer> found = read(written.build());
    ASSERT_EQ(found.size(), usual_.size());
    for (size_t i = 0; i < found.size(); ++i) {
      near(found[i].weight, usual_[i].weight, tolerance);
      near(found[i].gamma, usual_[i].gamma, tolerance);
      near(found[i].beta, usual_[i].beta, tolerance);
      near(found[i].mean, usual_[i].mean, tolerance);
      near(found[i].variance, usual_[i].variance, tolerance);
      EXPECT_EQ(found[i].folded, usual_[i].folded);
      if (net_.steps.back().out == nullptr && i + 1 == found.size()) near(found[i].bias, usual_[i].bias, tolerance);
    }
  }
  void refused(const SmallOnnx& written, const std::string& what) {
    expect_error([&] { read(written.build()); }, what, path_);
  }
  template <class List>
  static void near(const List& a, const List& b, double tolerance) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << i;
  }

  const TempFolder folder_;
  const std::string path_ = folder_.file("net.onnx");
  const SmallSteps net_;
  SmallOnnx net;
  const std::vector<FloatLayer> usual_ = read(SmallOnnx().build());
};

TEST_F(OnnxOperators, TheUsualWayIsReadAsItStands) {
  ASSERT_EQ(usual_.size(), 3);
  EXPECT_EQ(usual_[0].weight, channels_last(net_.steps[0], net.conv1));
  EXPECT_EQ(usual_[1].weight, channels_last(net_.steps[1], net.conv2));
  EXPECT_EQ(usual_[2].weight, net.linear);
  EXPECT_EQ(usual_[2].bias, net.bias);
  EXPECT_FALSE(usual_[0].folded);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(usual_[0].gamma[i], net.gamma1[i]);
    EXPECT_EQ(usual_[0].beta[i], net.beta1[i]);
    EXPECT_EQ(usual_[0].mean[i], net.mean1[i]);
    EXPECT_EQ(usual_[0].variance[i], net.variance1[i] + double{1e-5F});
  }
}

TEST_F(OnnxOperators, MeansOverTheImage) {
  for (const std::vector<int64_t>& axes : {std::vector<int64_t>{2, 3}, {3, 2}, {-2, -1}})
    for (const bool input : {false, true}) {
      net.operator_set = input ? 18 : 17;
      net.pool = [&](OnnxBuilder& b, const std::string& in) {
        return input ? b.node("ReduceMean", {in, b.integers(axes)}) : b.node("ReduceMean", {in}, with("axes", axes));
      };
      same(net);
    }
  net.pool = [](OnnxBuilder& b, const std::string& in) {
    return b.node("ReduceMean", {in}, with_int("keepdims", 0, with("axes", {2, 3})));
  };
  net.flatten = [](OnnxBuilder&, const std::string& in) { return in; };
  same(net);
  net = {};
  net.pool = [](OnnxBuilder& b, const std::string& in) { return b.node("AveragePool", {in}, with("kernel_shape", {3, 3})); };
  same(net);
  net.pool = [](OnnxBuilder& b, const std::string& in) {
    const std::string same_size = b.node("AveragePool", {in}, with("kernel_shape", {1, 1}, with_text("auto_pad", "NOTSET")));
    return b.node("GlobalAveragePool", {same_size});
  };
  same(net);
}

TEST_F(OnnxOperators, PartsOfAMeanAreRefused) {
  net.pool = [](OnnxBuilder& b, const std::string& in) { return b.node("ReduceMean", {in}, with("axes", {1, 2})); };
  refused(net, "ReduceMean 'node_ReduceMean7' is not over the height and the width");
  net.pool = [](OnnxBuilder& b, const std::string& in) { return b.node("ReduceMean", {in}); };
  refused(net, "is not over the height and the width");
  net.pool = [](OnnxBuilder& b, const std::string& in) { return b.node("AveragePool", {in}, with("kernel_shape", {2, 2})); };
  refused(net, "AveragePool 'node_AveragePool7' is over [2, 2] pixels, not over the whole image of [3, 3]");
}

TEST_F(OnnxOperators, WaysToFlatten) {
  const auto reshape = [](std::vector<int64_t> shape) {
    return [=](OnnxBuilder& b, const std::string& in) { return b.node("Reshape", {in, b.integers(shape)}); };
  };
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{-1, 8}, {0, -1}, {0, 8}, {1, 8}}) {
    net.flatten = reshape(shape);
    same(net);
  }
  net.shape[0] = 4;
  net.flatten = reshape({4, -1});
  same(net);
  net.flatten = [](OnnxBuilder& b, const std::string& in) { return b.node("Flatten", {in}, with_int("axis", -3)); };
  same(net);
  net.flatten = [](OnnxBuilder& b, const std::string& in) { return b.node("Squeeze", {in}, with("axes", {2, 3})); };
  same(net);
  net.flatten = [](OnnxBuilder& b, const std::string& in) { return b.node("Squeeze", {in, b.integers({-1, -2})}); };
  same(net);
  net.flatten = [](OnnxBuilder& b, const std::string& in) {  // there, back, and there again
    const std::string flat = b.node("Flatten", {in});
    const std::string image = b.node("Unsqueeze", {flat, b.integers({2, 3})});
    const std::string again = b.node("Reshape", {image, b.integers({-1, 8, 1, 1})});
    return b.node("Flatten", {again});
  };
  same(net);
}

TEST_F(OnnxOperators, ShapesThatAreComputed) {
  // As view(x.size(0), -1).
  net.flatten = [](OnnxBuilder& b, const std::string& in) {
    const std::string size = b.node("Gather", {b.node("Shape", {in}), b.integers({0}, true)}, with_int("axis", 0));
    const std::string list =
        b.node("Concat", {b.node("Unsqueeze", {size}, with("axes", {0})), b.integers({-1})}, with_int("axis", 0));
    return b.node("Reshape", {in, list});
  };
  same(net);
  // As reshape(x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]), with the shape's ends as attributes.
  net.flatten = [](OnnxBuilder& b, const std::string& in) {
    const std::string n = b.node("Shape", {in}, with_int("end", 1, with_int("start", 0)));
    const std::string c = b.node("Squeeze", {b.node("Shape", {in}, with_int("end", 2, with_int("start", 1)))});
    const std::string pixels = b.node("Slice", {b.node("Shape", {in}), b.integers({2}), b.integers({3}), b.integers({0})});
    const std::string row =
        b.node("Mul", {b.node("Unsqueeze", {c, b.integers({0})}), b.node("Cast", {pixels}, with_int("to", 7))});
    const std::string list = b.node("Concat", {n, b.node("Identity", {row})}, with_int("axis", 0));
    return b.node("Reshape", {in, b.node("Reshape", {list, b.integers({-1})})});
  };
  same(net);
  // As the exporter leaves it without constant folding.
  net.flatten = [](OnnxBuilder& b, const std::string& in) {
    const std::string first = b.node("Unsqueeze", {b.integers({1}, true), b.integers({0})});
    const std::string list = b.node("Concat", {first, b.node("Constant", {}, with("value_ints", {8}))}, with_int("axis", 0));
    return b.node("Reshape", {in, list});
  };
  same(net);
  net.flatten = [](OnnxBuilder& b, const std::string& in) {
    return b.node("Reshape", {in, b.node("Expand", {b.integers({-1}), b.integers({2})})});
  };
  refused(net, "Expand 'node_Expand8' computes with constants");
}

TEST_F(OnnxOperators, ReshapesThatMixAreRefused) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{-1, 4}, {1, -1}, {4, -1}, {-1, 8, 1}, {-1, 4, 2, 1}, {8, -1}}) {
    net.flatten = [&](OnnxBuilder& b, const std::string& in) { return b.node("Reshape", {in, b.integers(shape)}); };
    refused(net, "Reshape 'node_Reshape8' makes [");
  }
  net.flatten = [](OnnxBuilder& b, const std::string& in) { return b.node("Flatten", {in}, with_int("axis", 2)); };
  refused(net, "Flatten 'node_Flatten8' does not flatten each image by itself");
  net.flatten = [](OnnxBuilder& b, const std::string& in) { return b.node("Squeeze", {in}); };
  refused(net, "Squeeze 'node_Squeeze8' takes away other axes");
  net.flatten = [](OnnxBuilder&, const std::string& in) { return in; };
  refused(net, "is no linear layer of a row for each image");
}

TEST_F(OnnxOperators, WaysToWriteALinearLayer) {
  std::vector<float> transposed(24), halved = net.linear, doubled = net.bias;
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 8; ++j) transposed[j * 3 + i] = net.linear[i * 8 + j];
  for (float& v : halved) v /= 2;
  for (float& v : doubled) v *= 2;
  net.head = [&](OnnxBuilder& b, const std::string& in) {
    return b.node("Gemm", {in, b.floats({8, 3}, transposed), b.floats({1, 3}, net.bias)});
  };
  same(net);
  net.head = [&](OnnxBuilder& b, const std::string& in) {
    return b.node("Gemm", {in, b.floats({3, 8}, halved), b.floats({3}, doubled)},
                  with_int("transB", 1, with_float("alpha", 2, with_float("beta", 0.5F))));
  };
  same(net);
  for (const bool bias_first : {false, true}) {
    net.head = [&](OnnxBuilder& b, const std::string& in) {
      const std::string product = b.node("MatMul", {in, b.floats({8, 3}, transposed)}), bias = b.floats({3}, net.bias);
      return bias_first ? b.node("Add", {bias, product}) : b.node("Add", {product, bias});
    };
    same(net);
  }
  net.head = [&](OnnxBuilder& b, const std::string& in) {  // as Linear without constant folding
    const std::string weight = b.node("Transpose", {b.floats({3, 8}, net.linear)}, with("perm", {1, 0}));
    return b.node("Add", {b.node("MatMul", {in, weight}), b.floats({3}, net.bias)});
  };
  same(net);
  net.head = [&](OnnxBuilder& b, const std::string& in) {  // batch norm of rows
    const std::string out = b.node("Gemm", {in, b.floats({3, 8}, halved)}, with_int("transB", 1));
    return b.node("BatchNormalization",
                  {out, b.floats({3}, {2, 2, 2}), b.floats({3}, net.bias), b.floats({3}, {0, 0, 0}), b.floats({3}, {1, 1, 1})},
                  with_float("epsilon", 0));
  };
  same(net);
}

TEST_F(OnnxOperators, OtherProductsAreRefused) {
  net.head = [&](OnnxBuilder& b, const std::string& in) {
    return b.node("Gemm", {in, b.floats({3, 8}, net.linear)}, with_int("transA", 1, with_int("transB", 1)));
  };
  refused(net, "Gemm 'node_Gemm9' is no linear layer");
  net.head = [&](OnnxBuilder& b, const std::string& in) { return b.node("MatMul", {in, b.floats({3, 8}, net.linear)}); };
  refused(net, "MatMul 'node_MatMul9' has weights of shape [8, 3] for rows of 8");
  net.head = [&](OnnxBuilder& b, const std::string& in) { return b.node("MatMul", {in, in}); };
  refused(net, "MatMul 'node_MatMul9' has no constant weights");
  net.head = [&](OnnxBuilder& b, const std::string& in) {
    return b.node("Gemm", {in, b.floats({3, 8}, net.linear), b.floats({1}, {1})}, with_int("transB", 1));
  };
  refused(net, "has a bias of shape [1] for 3 outputs");
  net.head = [&](OnnxBuilder& b, const std::string& in) {
    return b.node("Gemm", {in, b.floats({3, 8}, net.linear)}, with_int("transB", 1, with_float("alpha", NAN)));
  };
  refused(net, "is no linear layer");
}

TEST_F(OnnxOperators, WhatChangesNoNumberIsPassed) {
  net.front = [](OnnxBuilder& b, const std::string& in) {
    return b.node("Cast", {b.node("Identity", {in})}, with_int("to", onnx::TensorProto::FLOAT16));
  };
  net.flatten = [](OnnxBuilder& b, const std::string& in) {
    return b.node("Dropout", {b.node("Flatten", {b.node("Dropout", {in})}), b.floats({}, {0.5F})});
  };
  same(net);
  for (const char* op : {"Softmax", "LogSoftmax"})
    for (const int axis : {1, -1}) {
      net.tail = [&](OnnxBuilder& b, const std::string& in) {
        const std::string out = b.node(op, {in}, with_int("axis", axis));
        return b.node("Cast", {b.node("Identity", {out})}, with_int("to", onnx::TensorProto::FLOAT));
      };
      same(net);
    }
}

TEST_F(OnnxOperators, WhatComesBehindASoftmaxIsRefused) {
  net.tail = [](OnnxBuilder& b, const std::string& in) { return b.node("Relu", {b.node("Softmax", {in})}); };
  refused(net, "Relu 'node_Relu11' follows a softmax");
  net.tail = [](OnnxBuilder& b, const std::string& in) { return b.node("Softmax", {in}, with_int("axis", 0)); };
  refused(net, "Softmax 'node_Softmax10' is not over the classes");
  net = {};
  net.flatten = [](OnnxBuilder& b, const std::string& in) {
    const std::string trains = b.tensor(onnx::TensorProto::BOOL, {}).name();
    b.graph.mutable_initializer(b.graph.initializer_size() - 1)->set_raw_data("\1");
    return b.node("Dropout", {b.node("Flatten", {in}), b.floats({}, {0.5F}), trains});
  };
  refused(net, "Dropout 'node_Dropout9' drops out at inference");
}

TEST_F(OnnxOperators, ImagesWithTheChannelsLast) {
  net.shape = {0, 6, 6, 2};
  net.front = [](OnnxBuilder& b, const std::string& in) { return b.node("Transpose", {in}, with("perm", {0, 3, 1, 2})); };
  same(net);
  net.front = [](OnnxBuilder& b, const std::string& in) { return b.node("Transpose", {in}, with("perm", {0, 3, 2, 1})); };
  refused(net, "Transpose 'node_Transpose1' moves pixels or channels");
  net.front = [](OnnxBuilder&, const std::string& in) { return in; };
  refused(net, "Conv 'node_Conv1' reads images with the channels last");
}

TEST_F(OnnxOperators, OtherImagesAreRefused) {
  net.shape = {0, 3, 6, 6};
  refused(net, "the graph's images 'images' are [0, 3, 6, 6], the data's [n, 2, 6, 6]");
  net.shape = {1, 2, 6, 7};
  refused(net, "the graph's images 'images' are [1, 2, 6, 7]");
  OnnxBuilder model = SmallOnnx().build();
  model.graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::UINT8);
  expect_error([&] { read(model); }, "the graph's input 'images' is not in floating point", path_);
}

TEST_F(OnnxOperators, WaysToPad) {
  net.first = [&](OnnxBuilder& b, const std::string& in) {
    return b.node("Conv", {in, b.floats({4, 2, 3, 3}, net.conv1)}, with_text("auto_pad", "SAME_UPPER"));
  };
  same(net);
  net.first = [&](OnnxBuilder& b, const std::string& in) {
    const std::string padded = b.node("Pad", {in, b.integers({0, 0, 1, 1, 0, 0, 1, 1})});
    return b.node("Conv", {padded, b.floats({4, 2, 3, 3}, net.conv1)}, with_text("auto_pad", "VALID"));
  };
  same(net);
  net.first = [&](OnnxBuilder& b, const std::string& in) {
    const std::string padded = b.node("Pad", {in}, with("pads", {0, 0, 1, 1, 0, 0, 1, 1}, with_text("mode", "constant")));
    return b.node("Conv", {padded, b.floats({4, 2, 3, 3}, net.conv1)});
  };
  same(net);
  const auto padded_by = [&](const std::vector<int64_t>& pads, const OnnxBuilder::Attributes& attributes) {
    net.first = [=, this](OnnxBuilder& b, const std::string& in) {
      return b.node("Conv", {b.node("Pad", {in, b.integers(pads)}, attributes), b.floats({4, 2, 3, 3}, net.conv1)});
    };
    refused(net, "Pad 'node_Pad1' does not add as many zeros on each side");
  };
  padded_by({0, 0, 1, 1, 0, 0, 0, 0}, {});
  padded_by({0, 1, 1, 1, 0, 0, 1, 1}, {});
  padded_by({0, 0, 1, 1, 0, 0, 1, 1}, with_text("mode", "reflect"));
}

TEST_F(OnnxOperators, OtherWindowsAreRefused) {
  const auto conv = [&](const OnnxBuilder::Attributes& attributes, const std::string& what) {
    net.first = [=, this](OnnxBuilder& b, const std::string& in) {
      return b.node("Conv", {in, b.floats({4, 2, 3, 3}, net.conv1)}, attributes);
    };
    refused(net, what);
  };
  conv(with("pads", {1, 1, 0, 0}), "Conv 'node_Conv1' has the pads [1, 1, 0, 0], which are not equal");
  conv(with("pads", {-1, -1, -1, -1}), "has the pads [-1, -1, -1, -1]");
  conv(with("strides", {1, 2}), "has the strides [1, 2]");
  conv(with("strides", {0, 0}), "has the strides [0, 0]");
  conv(with("dilations", {2, 2}), "is dilated");
  conv(with("kernel_shape", {5, 5}), "has a window of [5, 5]");
  conv(with_int("group", 2), "has weights of shape [4, 2, 3, 3] in 2 groups, for an image of 2 channels");
  conv(with_int("group", 0), "in 0 groups");
  conv(with("pads", {0, 0, 0, 0}),
       "layer conv0: no Conv with weights [4, 2, 3, 3], stride 1, pad 1 reads 'images', but Conv 'node_Conv1'");
}

TEST_F(OnnxOperators, WhatIsDoneToChannelsBelongsToTheLayer) {
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
TEST_F(OnnxOperators, AProductAndASumAreABatchNormThatIsFolded) {
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

TEST_F(OnnxOperators, WhatIsDoneToOtherChannelsIsRefused) {
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

TEST_F(OnnxOperators, BatchNormsOfOtherKindsAreRefused) {
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

TEST_F(OnnxOperators, WaysToWriteARelu) {
  const std::string none;
  net.relu = [](OnnxBuilder& b, const std::string& in) { return b.node("Relu", {b.node("Relu", {in})}); };
  same(net);
  net.relu = [&](OnnxBuilder& b, const std::string& in) { return b.node("Clip", {in, b.floats({}, {0})}); };
  same(net);
  net.relu = [&](OnnxBuilder& b, const std::string& in) { return b.node("Clip", {in}, with_float("min", 0)); };
  same(net);
  net.relu = [&](OnnxBuilder& b, const std::string& in) { return b.node("Clip", {in, none, b.floats({}, {6})}); };
  refused(net, "Clip 'node_Clip3' is from -inf to 6");
  net.relu = [&](OnnxBuilder& b, const std::string& in) { return b.node("Clip", {in, b.floats({}, {0}), b.floats({}, {1})}); };
  refused(net, "Clip 'node_Clip3' is from 0.000000 to 1.000000: neither ReLU6, 0 to 6, nor a ReLU");
  net.relu = [](OnnxBuilder& b, const std::string& in) { return b.node("LeakyRelu", {in}); };
  refused(net, "LeakyRelu 'node_LeakyRelu3' is no operator that nets here consist of");
}

TEST_F(OnnxOperators, WaysToWriteARelu6) {
  std::string text = kSmallNet;
  text.insert(text.find("channels = 4"), "activation = \"relu6\"\n");
  const SmallSteps with_relu6(text);
  const auto read6 = [&](const SmallOnnx::Part& relu) {
    net.relu = relu;
    net.build().write(path_);
    return read_onnx_net(path_, with_relu6.steps, false)[0].gamma;
  };
  const std::string none;
  for (const SmallOnnx::Part& relu : std::vector<SmallOnnx::Part>{
           [](OnnxBuilder&b, const std::string&in) {
             return b.node("Clip", {in, b.floats({}, {0}), b.floats({}, {6})});
           },
           [](OnnxBuilder&b, const std::string&in) { return b.node("Clip", {in}, with_float("min", 0, with_float("max", 6))); },
           [](OnnxBuilder&b, const std::string&in) {
             const std::string low = b.node("Constant", {}, with_float("value_float", 0));
             const std::string high = b.node("CastLike", {b.node("Constant", {}, with_float("value_float", 6)), in});
             return b.node("Clip", {in, low, high});
           },
           [&](OnnxBuilder&b, const std::string&in) {
             return b.node("Clip", {b.node("Relu", {in}), none, b.floats({1}, {6})});
           },
           [](OnnxBuilder&b, const std::string&in) {
             return b.node("Relu", {b.node("Clip", {in, b.floats({}, {0}), b.floats({}, {6})})});
           }})
    EXPECT_EQ(read6(relu), usual_[0].gamma);
  expect_error([&] { read6({}); }, "layer conv0: no ReLU6 reads 'BatchNormalization2', but Relu 'node_Relu3'", path_);
  net.relu = [](OnnxBuilder& b, const std::string& in) { return b.node("Clip", {in, b.floats({}, {0}), b.floats({}, {6})}); };
  refused(net, "layer conv0: no Relu reads 'BatchNormalization2', but Clip 'node_Clip3'");
}

TEST_F(OnnxOperators, MaximaBeforeOrBehindTheRelu) {
  std::string text = kSmallNet;
  text.insert(text.rfind("[[layer]]"), "[[layer]]\ntype = \"max_pool\"\nsize = 3\nstride = 1\npad = 1\n");
  const SmallSteps pooled(text);
  const auto pool = [](OnnxBuilder& b, const std::string& in) {
    return b.node("MaxPool", {in}, with("kernel_shape", {3, 3}, with("pads", {1, 1, 1, 1}, with_int("ceil_mode", 1))));
  };
  net.pool = [&](OnnxBuilder& b, const std::string& in) { return b.node("GlobalAveragePool", {pool(b, in)}); };
  net.build().write(path_);
  const std::vector<FloatLayer> behind = read_onnx_net(path_, pooled.steps, false);
  EXPECT_EQ(behind[1].gamma, usual_[1].gamma);
  net.second = [&](OnnxBuilder& b, const std::string& in) { return pool(b, net.usual_second(b, in)); };
  net.pool = {};
  net.build().write(path_);
  const std::vector<FloatLayer> before = read_onnx_net(path_, pooled.steps, false);
  EXPECT_EQ(before[1].gamma, usual_[1].gamma);
  EXPECT_EQ(before[1].weight, usual_[1].weight);
  // Where the window does not end with the image.
  net.second = [&](OnnxBuilder& b, const std::string& in) {
    return b.node("MaxPool", {net.usual_second(b, in)},
                  with("kernel_shape", {2, 2}, with("strides", {2, 2}, with_int("ceil_mode", 1))));
  };
  refused(net, "MaxPool 'node_MaxPool6' has windows that reach beyond the image");
}

TEST_F(OnnxOperators, TheLastLayerMayBeLeftOutOrMissing) {
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

TEST_F(OnnxOperators, GraphsOfOtherKindsAreRefused) {
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
TEST_F(OnnxOperators, OtherNetsAreRefused) {
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

TEST_F(OnnxOperators, WhatIsNotUsedIsLeftOut) {
  OnnxBuilder model = net.build();
  model.floats({5}, {1, 2, 3, 4, 5});
  model.node("Sigmoid", {"Flatten8"});
  for (int i = 0; i < 3; ++i) model.graph.add_input()->set_name(model.graph.initializer(i).name());
  EXPECT_EQ(read(model).back().weight, usual_.back().weight);
}

// Long chains of what changes nothing: each node is looked at once.
TEST_F(OnnxOperators, LongChainsAreFollowed) {
  net.front = [](OnnxBuilder& b, const std::string& in) {
    std::string x = in;
    for (int i = 0; i < 5000; ++i) x = b.node("Identity", {x});
    return x;
  };
  same(net);
}

}  // namespace
}  // namespace intrain::test
