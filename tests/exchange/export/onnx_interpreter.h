// An interpreter of the few operators of ONNX that the exact form has. It holds every number to its tensor's type.
#pragma once

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace intrain::test {

using Shape = std::vector<int64_t>;

struct Tensor {
  int type = onnx::TensorProto::UNDEFINED;
  Shape shape;
  std::vector<int64_t> values;
  int64_t dim(size_t i) const { return shape[i]; }
};

inline int64_t size_of(const Shape& shape) {
  int64_t n = 1;
  for (const int64_t d : shape) n *= d;
  return n;
}

inline std::pair<int64_t, int64_t> range_of(int type) {
  switch (type) {
    case onnx::TensorProto::UINT8:
      return {0, 255};
    case onnx::TensorProto::INT32:
      return {INT32_MIN, INT32_MAX};
    case onnx::TensorProto::INT64:
      return {INT64_MIN, INT64_MAX};
    default:
      ADD_FAILURE() << "a tensor of type " << type;
      return {0, 0};
  }
}

template <class T>
std::vector<int64_t> values_of(const std::string& raw) {
  std::vector<int64_t> values;
  for (size_t i = 0; i < raw.size(); i += sizeof(T)) {
    T v;
    std::memcpy(&v, raw.data() + i, sizeof(T));
    values.push_back(v);
  }
  return values;
}

inline Tensor tensor_of(const onnx::TensorProto& proto) {
  Tensor t{proto.data_type(), {proto.dims().begin(), proto.dims().end()}, {}};
  if (t.type == onnx::TensorProto::UINT8) t.values = values_of<uint8_t>(proto.raw_data());
  if (t.type == onnx::TensorProto::INT32) t.values = values_of<int32_t>(proto.raw_data());
  if (t.type == onnx::TensorProto::INT64) t.values = values_of<int64_t>(proto.raw_data());
  EXPECT_EQ(size_of(t.shape), static_cast<int64_t>(t.values.size())) << proto.name();
  return t;
}

class Interpreter {
 public:
  explicit Interpreter(const std::string& file) {
    EXPECT_TRUE(model_.ParseFromString(file));
    for (const onnx::TensorProto& constant : model_.graph().initializer()) tensors_[constant.name()] = tensor_of(constant);
  }

  Tensor run(const std::string& input, Tensor images, const std::string& output) {
    tensors_[input] = std::move(images);
    for (const onnx::NodeProto& node : model_.graph().node()) {
      Tensor result = evaluate(node);
      EXPECT_EQ(size_of(result.shape), static_cast<int64_t>(result.values.size())) << node.name();
      const auto [low, high] = range_of(result.type);
      for (const int64_t v : result.values) {
        if (low <= v && v <= high) continue;
        ADD_FAILURE() << node.name() << " holds " << v;
        break;
      }
      EXPECT_TRUE(tensors_.emplace(node.output(0), std::move(result)).second) << node.output(0) << " is there already";
    }
    return tensors_.at(output);
  }

 private:
  const Tensor& in(const onnx::NodeProto& node, int i) { return tensors_.at(node.input(i)); }
  static Shape ints(const onnx::NodeProto& node, const std::string& name) {
    for (const onnx::AttributeProto& a : node.attribute())
      if (a.name() == name) return a.type() == onnx::AttributeProto::INT ? Shape{a.i()} : Shape{a.ints().begin(), a.ints().end()};
    ADD_FAILURE() << node.name() << " has no " << name;
    return {};
  }

  Tensor evaluate(const onnx::NodeProto& node) {
    const std::string& op = node.op_type();
    if (op == "Add") return binary(node, [](int64_t a, int64_t b) { return a + b; });
    if (op == "Sub") return binary(node, [](int64_t a, int64_t b) { return a - b; });
    if (op == "Mul") return binary(node, [](int64_t a, int64_t b) { return a * b; });
    if (op == "Div") return binary(node, [](int64_t a, int64_t b) { return a / b; });  // truncates, as ONNX says
    if (op == "Cast") return {static_cast<int>(ints(node, "to")[0]), in(node, 0).shape, in(node, 0).values};
    if (op == "Clip") return clip(node);
    if (op == "Gather") return gather(node);
    if (op == "Flatten" || op == "Unsqueeze") return reshape(node);
    if (op == "ConvInteger") return convolve(node);
    if (op == "MatMulInteger") return multiply(node);
    if (op == "MaxPool") return pool(node);
    if (op == "Slice") return slice(node);
    if (op == "Pad") return pad(node);
    if (op == "ReduceSum") return sum(node);
    ADD_FAILURE() << "operator " << op;
    return in(node, 0);
  }

  // Either has the other's shape, or is broadcast to it.
  Tensor binary(const onnx::NodeProto& node, const std::function<int64_t(int64_t, int64_t)>& f) {
    const Tensor &a = in(node, 0), &b = in(node, 1);
    EXPECT_EQ(a.type, b.type) << node.name();
    Tensor result{a.type, a.shape, {}};
    EXPECT_LE(b.shape.size(), a.shape.size()) << node.name();
    for (int64_t i = 0; i < size_of(a.shape); ++i) {
      int64_t rest = i, at = 0, step = 1;
      for (size_t d = 0; d < b.shape.size(); ++d) {
        const int64_t of_a = a.shape[a.shape.size() - 1 - d], of_b = b.shape[b.shape.size() - 1 - d];
        EXPECT_TRUE(of_b == of_a || of_b == 1) << node.name();
        if (of_b != 1) at += rest % of_a * step;
        step *= of_b;
        rest /= of_a;
      }
      result.values.push_back(f(a.values[static_cast<size_t>(i)], b.values[static_cast<size_t>(at)]));
    }
    return result;
  }

  Tensor clip(const onnx::NodeProto& node) {
    Tensor result = in(node, 0);
    for (int64_t& v : result.values) v = clamp(v, in(node, 1).values[0], in(node, 2).values[0]);
    return result;
  }

  Tensor gather(const onnx::NodeProto& node) {
    const Tensor &table = in(node, 0), &index = in(node, 1);
    Tensor result{table.type, index.shape, {}};
    for (const int64_t i : index.values) result.values.push_back(table.values.at(static_cast<size_t>(i)));
    return result;
  }

  Tensor reshape(const onnx::NodeProto& node) {
    Tensor result = in(node, 0);
    const int64_t first = result.dim(0);
    if (node.op_type() == "Flatten")
      result.shape = {first, size_of(result.shape) / first};
    else
      result.shape.insert(result.shape.end(), {1, 1});
    return result;
  }

  // Calls visit(output, image, channel, input pixel's index in its plane, tap) for all taps inside.
  template <class Visit>
  void windows(const onnx::NodeProto& node, const Tensor& x, Shape& out_shape, int64_t channels, const Visit& visit) {
    const Shape kernel = ints(node, "kernel_shape"), pads = ints(node, "pads");
    const int64_t stride = ints(node, "strides")[0], h = x.dim(2), w = x.dim(3);
    const int64_t oh = (h + 2 * pads[0] - kernel[0]) / stride + 1, ow = (w + 2 * pads[1] - kernel[1]) / stride + 1;
    out_shape = {x.dim(0), channels, oh, ow};
    for (int64_t o = 0; o < size_of(out_shape); ++o)
      for (int64_t tap = 0; tap < kernel[0] * kernel[1]; ++tap) {
        const int64_t y = o / ow % oh * stride - pads[0] + tap / kernel[1], column = o % ow * stride - pads[1] + tap % kernel[1];
        if (y >= 0 && y < h && column >= 0 && column < w)
          visit(static_cast<size_t>(o), o / (ow * oh * channels), o / (ow * oh) % channels, y * w + column, tap);
      }
  }

  Tensor convolve(const onnx::NodeProto& node) {
    const Tensor &x = in(node, 0), &w = in(node, 1);
    const int64_t x_zero = in(node, 2).values[0], w_zero = in(node, 3).values[0], plane = x.dim(2) * x.dim(3);
    const int64_t k = w.dim(0), group_c = w.dim(1), taps = w.dim(2) * w.dim(3), group_k = k / ints(node, "group")[0];
    Tensor result{onnx::TensorProto::INT32, {}, {}};
    result.values.resize(static_cast<size_t>(x.dim(0) * k * plane * 4));
    windows(node, x, result.shape, k, [&](size_t o, int64_t n, int64_t channel, int64_t pixel, int64_t tap) {
      for (int64_t c = 0; c < group_c; ++c) {
        const int64_t from = (n * x.dim(1) + channel / group_k * group_c + c) * plane + pixel;
        result.values[o] += (x.values[static_cast<size_t>(from)] - x_zero) *
                            (w.values[static_cast<size_t>((channel * group_c + c) * taps + tap)] - w_zero);
      }
    });
    result.values.resize(static_cast<size_t>(size_of(result.shape)));
    return result;
  }

  Tensor pool(const onnx::NodeProto& node) {
    const Tensor& x = in(node, 0);
    const int64_t plane = x.dim(2) * x.dim(3);
    Tensor result{x.type, {}, std::vector<int64_t>(x.values.size())};
    windows(node, x, result.shape, x.dim(1), [&](size_t o, int64_t n, int64_t channel, int64_t pixel, int64_t) {
      result.values[o] = std::max(result.values[o], x.values[static_cast<size_t>((n * x.dim(1) + channel) * plane + pixel)]);
    });
    result.values.resize(static_cast<size_t>(size_of(result.shape)));
    return result;
  }

  // Of rows and columns, from the first to the last.
  Tensor slice(const onnx::NodeProto& node) {
    const Tensor& x = in(node, 0);
    EXPECT_EQ(in(node, 1).values, (Shape{0, 0}));
    EXPECT_EQ(in(node, 2).values, (Shape{x.dim(2), x.dim(3)}));
    EXPECT_EQ(in(node, 3).values, (Shape{2, 3}));
    const int64_t row_step = in(node, 4).values[0], step = in(node, 4).values[1], plane = x.dim(2) * x.dim(3);
    Tensor result{x.type, {x.dim(0), x.dim(1), (x.dim(2) + row_step - 1) / row_step, (x.dim(3) + step - 1) / step}, {}};
    for (int64_t n = 0; n < x.dim(0) * x.dim(1); ++n)
      for (int64_t y = 0; y < x.dim(2); y += row_step)
        for (int64_t column = 0; column < x.dim(3); column += step)
          result.values.push_back(x.values[static_cast<size_t>(n * plane + y * x.dim(3) + column)]);
    return result;
  }

  // Of channels, by a constant.
  Tensor pad(const onnx::NodeProto& node) {
    const Tensor &x = in(node, 0), &pads = in(node, 1), &value = in(node, 2);
    EXPECT_EQ(pads.type, onnx::TensorProto::INT64);
    EXPECT_EQ(value.type, x.type);
    const int64_t before = pads.values[1], behind = pads.values[5], plane = x.dim(2) * x.dim(3);
    EXPECT_EQ(pads.values, (Shape{0, before, 0, 0, 0, behind, 0, 0}));
    Tensor result{x.type, {x.dim(0), x.dim(1) + before + behind, x.dim(2), x.dim(3)}, {}};
    for (int64_t n = 0; n < x.dim(0); ++n)
      for (int64_t c = -before; c < x.dim(1) + behind; ++c)
        for (int64_t i = 0; i < plane; ++i)
          result.values.push_back(0 <= c && c < x.dim(1) ? x.values[static_cast<size_t>((n * x.dim(1) + c) * plane + i)]
                                                         : value.values[0]);
    return result;
  }

  Tensor multiply(const onnx::NodeProto& node) {
    const Tensor &a = in(node, 0), &b = in(node, 1);
    const int64_t a_zero = in(node, 2).values[0], b_zero = in(node, 3).values[0];
    Tensor result{onnx::TensorProto::INT32, {a.dim(0), b.dim(1)}, {}};
    EXPECT_EQ(a.dim(1), b.dim(0));
    for (int64_t i = 0; i < size_of(result.shape); ++i) {
      int64_t total = 0;
      for (int64_t j = 0; j < b.dim(0); ++j)
        total += (a.values[static_cast<size_t>(i / b.dim(1) * a.dim(1) + j)] - a_zero) *
                 (b.values[static_cast<size_t>(j * b.dim(1) + i % b.dim(1))] - b_zero);
      result.values.push_back(total);
    }
    return result;
  }

  Tensor sum(const onnx::NodeProto& node) {
    const Tensor& x = in(node, 0);
    EXPECT_EQ(in(node, 1).values, (Shape{2, 3}));
    const int64_t plane = x.dim(2) * x.dim(3);
    Tensor result{x.type, {x.dim(0), x.dim(1), 1, 1}, std::vector<int64_t>(x.values.size() / static_cast<size_t>(plane))};
    for (size_t i = 0; i < x.values.size(); ++i) result.values[i / static_cast<size_t>(plane)] += x.values[i];
    return result;
  }

  onnx::ModelProto model_;
  std::map<std::string, Tensor> tensors_;
};

}  // namespace intrain::test
