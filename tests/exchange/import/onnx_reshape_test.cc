// Operators that change no number, and the shapes of what they pass on.
#include <gtest/gtest.h>

#include "exchange/import/onnx_reader.h"

namespace intrain::test {
namespace {

using OnnxReshape = OnnxReader;

TEST_F(OnnxReshape, WaysToFlatten) {
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

TEST_F(OnnxReshape, ShapesThatAreComputed) {
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

TEST_F(OnnxReshape, ReshapesThatMixAreRefused) {
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

TEST_F(OnnxReshape, WhatChangesNoNumberIsPassed) {
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

TEST_F(OnnxReshape, WhatComesBehindASoftmaxIsRefused) {
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

TEST_F(OnnxReshape, ImagesWithTheChannelsLast) {
  net.shape = {0, 6, 6, 2};
  net.front = [](OnnxBuilder& b, const std::string& in) { return b.node("Transpose", {in}, with("perm", {0, 3, 1, 2})); };
  same(net);
  net.front = [](OnnxBuilder& b, const std::string& in) { return b.node("Transpose", {in}, with("perm", {0, 3, 2, 1})); };
  refused(net, "Transpose 'node_Transpose1' moves pixels or channels");
  net.front = [](OnnxBuilder&, const std::string& in) { return in; };
  refused(net, "Conv 'node_Conv1' reads images with the channels last");
}

TEST_F(OnnxReshape, OtherImagesAreRefused) {
  net.shape = {0, 3, 6, 6};
  refused(net, "the graph's images 'images' are [0, 3, 6, 6], the data's [n, 2, 6, 6]");
  net.shape = {1, 2, 6, 7};
  refused(net, "the graph's images 'images' are [1, 2, 6, 7]");
  OnnxBuilder model = SmallOnnx().build();
  model.graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::UINT8);
  expect_error([&] { read(model); }, "the graph's input 'images' is not in floating point", path_);
}

TEST_F(OnnxReshape, WaysToPad) {
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

}  // namespace
}  // namespace intrain::test
