// The numbers of a layer of a FloatGraph, as exchange/import/float_net.h takes them.
#include <cmath>

#include "core/error.h"
#include "exchange/import/float_graph.h"

namespace intrain {

namespace {

// A convolution or linear layer y = W x + b while its channel steps are done to it, one after the other: to W and b, and behind the first
// batch norm of a convolution to gamma and beta.
class Channels {
 public:
  Channels(const OnnxModel& model, const FloatOp& op, FloatLayer& layer) : model_(model), op_(op), layer_(layer) {}

  void apply(const ChannelStep& step) {
    const std::vector<double> a = values(step, 0);
    const bool normalized = !layer_.folded && !layer_.gamma.empty();
    if (step.kind == ChannelStep::Kind::kNorm)
      return normalized || op_.kind == FloatOp::Kind::kLinear ? fold(step, a) : norm(step, a);
    for (size_t i = 0; i < a.size(); ++i) {
      double scale = 1, shift = 0;
      switch (step.kind) {
        case ChannelStep::Kind::kMultiply:
          scale = a[i];
          break;
        case ChannelStep::Kind::kDivide:
          scale = 1 / a[i];
          break;
        case ChannelStep::Kind::kAdd:
          shift = a[i];
          break;
        case ChannelStep::Kind::kSubtract:
          shift = -a[i];
          break;
        case ChannelStep::Kind::kSubtractFrom:
          scale = -1;
          shift = a[i];
          break;
        case ChannelStep::Kind::kNorm:
          break;
      }
      change(step, i, scale, shift);
    }
  }

 private:
  std::vector<double> values(const ChannelStep& step, size_t tensor) const {
    const std::vector<float> list = model_.floats(*step.t[tensor]);
    const auto channels = static_cast<size_t>(op_.weight_shape[0]);
    return list.size() == 1 ? std::vector<double>(channels, list[0]) : std::vector<double>(list.begin(), list.end());
  }

  // The output of channel i becomes scale y + shift.
  void change(const ChannelStep& step, size_t i, double scale, double shift) {
    if (!std::isfinite(scale) || !std::isfinite(shift))
      throw Error(step.node + " makes numbers that are not finite", model_.path(), kOnnxHint);
    if (!layer_.gamma.empty()) {
      layer_.gamma[i] *= scale;
      layer_.beta[i] = layer_.beta[i] * scale + shift;
      return;
    }
    const size_t row = layer_.weight.size() / layer_.bias.size();
    for (size_t j = i * row; j < (i + 1) * row; ++j) layer_.weight[j] = static_cast<float>(layer_.weight[j] * scale);
    layer_.bias[i] = static_cast<float>(layer_.bias[i] * scale + shift);
  }

  void norm(const ChannelStep& step, const std::vector<double>& gamma) {
    layer_.gamma = gamma;
    layer_.beta = values(step, 1);
    layer_.mean = values(step, 2);
    layer_.variance = variances(step);
    for (size_t i = 0; i < gamma.size(); ++i) layer_.mean[i] -= layer_.bias[i];
    layer_.bias.clear();
    layer_.folded = false;
  }

  // A batch norm that multiplies and moves, as any other step.
  void fold(const ChannelStep& step, const std::vector<double>& gamma) {
    const std::vector<double> beta = values(step, 1), mean = values(step, 2), variance = variances(step);
    for (size_t i = 0; i < gamma.size(); ++i) {
      const double scale = gamma[i] / std::sqrt(variance[i]);
      change(step, i, scale, beta[i] - scale * mean[i]);
    }
  }

  std::vector<double> variances(const ChannelStep& step) const {
    std::vector<double> list = values(step, 3);
    for (double& v : list) {
      if (v < 0) throw Error(step.node + " has a negative variance", model_.path(), kOnnxHint);
      v += step.epsilon;
    }
    return list;
  }

  const OnnxModel& model_;
  const FloatOp& op_;
  FloatLayer& layer_;
};

std::vector<float> transpose(const std::vector<float>& matrix, size_t rows, size_t columns) {
  std::vector<float> result(matrix.size());
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < columns; ++j) result[i * columns + j] = matrix[j * rows + i];
  return result;
}

}  // namespace

FloatLayer read_float_layer(const OnnxModel& model, const FloatOp& op, const NetStep& step) {
  const auto channels = static_cast<size_t>(op.weight_shape[0]);
  FloatLayer layer;
  layer.source = op.node;
  std::vector<float> weight = model.floats(*op.weight);
  if (op.transposed) weight = transpose(weight, channels, static_cast<size_t>(op.weight_shape[1]));
  layer.weight = channels_last(step, weight);
  layer.bias = op.bias == nullptr ? std::vector<float>(channels) : model.floats(*op.bias);
  for (float& v : layer.weight) v = static_cast<float>(v * op.weight_scale);
  for (float& v : layer.bias) v = static_cast<float>(v * op.bias_scale);
  layer.folded = op.kind == FloatOp::Kind::kConv;
  Channels changed(model, op, layer);
  for (const ChannelStep& after : op.after) {
    changed.apply(after);
    if (after.kind == ChannelStep::Kind::kNorm) layer.source += ", " + after.node;
  }
  return layer;
}

}  // namespace intrain
