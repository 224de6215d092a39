// All state of training as named arrays, in a fixed order: what a checkpoint holds and the signature covers.
#pragma once

#include <cstdint>
#include <string>

namespace intrain {

enum class ElementType : uint8_t { kS16, kS32, kS64 };

constexpr int64_t element_bytes(ElementType t) { return t == ElementType::kS16 ? 2 : t == ElementType::kS32 ? 4 : 8; }

// What an array of the state is to training.
enum class StateRole : uint8_t {
  kOther,  // of a layer of a user's own
  kParameter,
  kOptimizer,  // momentum and its exponent
  kStatistic,  // s64, of many batches: averaged as parameters are (Net::keep_average)
  kAverage
};

struct StateArray {
  std::string name;  // "conv3.weight", "conv3.weight.momentum", "conv3.running_mean" ...
  ElementType type;
  int64_t count;
  void* data;  // little-endian integers, owned by the net; null before Net::prepare
  // The format: what training can leave there, and all that the operators are defined for. Anything else is refused when it is loaded.
  int64_t least = INT64_MIN, most = INT64_MAX;
  StateRole role = StateRole::kOther;
  int grid = 0;  // of a parameter: training leaves multiples of 2^grid
};

}  // namespace intrain
