// Every operator that is taken, in each way that exporters write it: the layers that are read must be those of the net as it is usually
// written.
#include <gtest/gtest.h>

#include <cmath>

#include "exchange/import/onnx_reader.h"

namespace intrain::test {
namespace {

using OnnxOperators = OnnxReader;

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

}  // namespace
}  // namespace intrain::test
