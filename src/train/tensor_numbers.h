// What is known of how the integers of a training step fill their formats; train/tensor_counts.h counts it.
#pragma once

#include <cstdint>
#include <string>

#include "base/api.h"
#include "nn/tensor_sink.h"

namespace intrain {

constexpr int64_t kNumbersEvery = 100;  // steps; the first of a run is looked at

constexpr int kTensorKinds = 7;
INTRAIN_API const char* tensor_name(TensorKind kind);  // "x_hat"

struct TensorNumbers {
  int64_t count = 0;  // 0: the layer has no such tensor
  int64_t zeros = 0;
  int64_t saturated = 0;  // at the largest magnitude of the format
  int exp = 0;            // of the last tensor counted
};

struct LayerNumbers {
  std::string layer;
  TensorNumbers tensor[kTensorKinds];  // by TensorKind
};

}  // namespace intrain
