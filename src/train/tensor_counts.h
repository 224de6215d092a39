// How the integers of a training step fill their formats: zeros, values at the end of the format, exponents. Cheap enough for every run:
// the trainer looks at one step in kNumbersEvery, and the tensors are read once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/sgd_step.h"
#include "base/widths.h"
#include "core/parameter.h"
#include "nn/tensor_sink.h"
#include "train/tensor_numbers.h"

namespace intrain {

// The largest magnitude that a number of the kind can have, in the integers that a TensorSink is shown. A is s8 in a linear bottleneck, else
// u8; ReLU6 ends at 192, which is no end of a format.
int64_t format_limit(TensorKind kind, const Widths& widths, bool is_signed = false);

// Shows `tensors` G of a weight, of a gradient summed over ranks and batches: as the optimizer takes it (optim/sgd.h), but rounded to
// nearest and without weight decay. Other parameters are passed over: they are few.
void show_gradient(const Parameter& parameter, const SgdStep& step, TensorSink& tensors);

class NumbersSink final : public TensorSink {
 public:
  explicit NumbersSink(const Widths& widths) : widths_(widths) {}
  // By constant quantization G is narrower in later phases than the widths say.
  void set_gradient_bits(int bits) { widths_.g = bits; }

  void tensor(const std::string& layer, TensorKind kind, const int8_t* data, int64_t count, int exp) override;
  void tensor(const std::string& layer, TensorKind kind, const uint8_t* data, int64_t count, int exp) override;
  void tensor(const std::string& layer, TensorKind kind, const int16_t* data, int64_t count, int exp) override;

  // In the order of the net, of the images here (train/over_ranks.h).
  std::vector<LayerNumbers>& layers() { return layers_; }
  // Back to nothing counted, with the layers as they are.
  void clear();

 private:
  template <class Integer>
  void add(const std::string& layer, TensorKind kind, const Integer* data, int64_t count, int exp);

  Widths widths_;
  std::vector<LayerNumbers> layers_;
};

}  // namespace intrain
