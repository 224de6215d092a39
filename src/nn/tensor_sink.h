// Whoever looks at the tensors of a pass while they are there: their memory serves others afterwards.
#pragma once

#include <cstdint>
#include <string>

#include "base/api.h"

namespace intrain {

// Letters as in docs/contract.md. W: as it enters the products. A: output of an activation. E1: error at it, masked. E2: error that enters
// the products. G: gradient of W, as the optimizer takes it, but to nearest. Stream: residual stream of a pre-activation net.
enum class TensorKind { kW, kA, kXHat, kE1, kE2, kG, kStream };

class INTRAIN_API TensorSink {
 public:
  // `count` integers of the layer; value = integer * 2^exp.
  virtual void tensor(const std::string& layer, TensorKind kind, const int8_t* data, int64_t count, int exp) = 0;
  virtual void tensor(const std::string& layer, TensorKind kind, const uint8_t* data, int64_t count, int exp) = 0;
  virtual void tensor(const std::string& layer, TensorKind kind, const int16_t* data, int64_t count, int exp) = 0;

 protected:
  ~TensorSink() = default;
};

}  // namespace intrain
