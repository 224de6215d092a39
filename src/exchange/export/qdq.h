// A net as runtimes accelerate it: float operators between QuantizeLinear and DequantizeLinear, whose scales are powers of two for
// activations and one float a channel for weights. The weights' integers are the net's; batch norm at evaluation is in their scales and in
// the biases. Against the exact form it leaves out the roundings inside a layer, before the output's.
#pragma once

#include "exchange/export/onnx_sink.h"

namespace intrain {

class QdqSink final : public OnnxSink {
 public:
  using OnnxSink::OnnxSink;
  void conv_bn(const ConvGraph& conv, const NormGraph& norm) override;
  void stream_conv(const ConvGraph& conv, const Value* addend, const Value* stream, const NormGraph* norm) override;
  void linear(const LinearGraph& linear) override;
  void conv_relu(const ConvShape& shape, const LinearGraph& linear) override;
  void average_pool(const Value* in, const Value* out) override;

 private:
  std::string dequantize(const std::string& u8, const std::string& output, int exp, int zero_point);
  // An activation, or a linear bottleneck: rounded to codes of 2^exp, which lie in bottom to top.
  void quantize(const Value* value, const std::string& real, int exp, int bottom, int top);
  const std::string& real(const Value* value);  // float
  void finish(const std::string& sum, const NormGraph& norm);
  std::string bias_of(const LinearGraph& linear, const std::string& name);

  std::map<const Value*, std::string> reals_;
};

}  // namespace intrain
