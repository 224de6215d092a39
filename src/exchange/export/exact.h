// A net as integers: the logits of Net::evaluate, bit by bit, from ConvInteger, MatMulInteger, MaxPool, ReduceSum and Add, Mul, Div, Clip
// of s32. Where the bounds known here do not hold a sum in s32, it is s64.
//
// Weights are u8 with the zero point 128, not s8: on CPUs without VNNI, ONNX Runtime multiplies u8 by s8 in a way that saturates.
#pragma once

#include "exchange/export/onnx_sink.h"

namespace intrain {

class ExactSink final : public OnnxSink {
 public:
  using OnnxSink::OnnxSink;
  void conv_bn(const ConvGraph& conv, const NormGraph& norm) override;
  void stream_conv(const ConvGraph& conv, const Value* addend, const Value* stream, const NormGraph* norm) override;
  void linear(const LinearGraph& linear) override;
  void conv_relu(const ConvShape& shape, const LinearGraph& linear) override;
  void average_pool(const Value* in, const Value* out) override;

 private:
  // An s32 tensor and what its elements lie in.
  struct Numbers {
    std::string tensor;
    int64_t low, high;
  };
  struct Range {
    int64_t low, high;
  };

  // clamp(div_round(x + addend, divisor), range), s32. addend and divisor: one a channel, of [N][C][H][W] or [N][C]; range within s32.
  std::string requantize(const Numbers& x, const std::vector<int64_t>& addend, const std::vector<int64_t>& divisor, Range range,
                         bool image, const std::string& name);
  std::string times(const std::string& x, int64_t factor, const std::string& name);  // the product must fit s32
  // Constants of a channel each; a scalar where they are all the same.
  std::string channels(const std::vector<int64_t>& values, bool wide, bool image, const std::string& name);
  std::string weight(const std::vector<int8_t>& values, const std::vector<int64_t>& shape, const std::string& name);

  // What a sum reads of a value: s32 at the value's exponent.
  const std::string& number(const Value* value);
  void store_number(const Value* value, const std::string& tensor);

  std::string convolution(const ConvGraph& conv, const std::string& name);
  void norm(const std::string& y, const NormGraph& norm);
  std::string relu(const LinearGraph& linear, const std::string& acc, bool image);

  std::map<const Value*, std::string> numbers_;
};

}  // namespace intrain
