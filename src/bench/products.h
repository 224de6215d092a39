// The matrix products of a net by themselves: each distinct shape, each pass.
#pragma once

#include <string>
#include <vector>

#include "bench/setup.h"
#include "core/parallel.h"
#include "nn/net.h"
#include "nn/runtime.h"

namespace intrain {

enum ProductPass { kForward, kBackwardData, kBackwardWeights, kProductPasses };
constexpr const char* kProductPassNames[kProductPasses] = {"forward", "backward_data", "backward_weights"};

struct ProductTimes {
  std::string name;  // of the first layer of this shape
  LayerProduct product;
  int count;  // layers of this shape
  // A batch; 0 where the net does not need the pass.
  double seconds[kProductPasses], operations[kProductPasses];
};

// Medians. The products as a convolution runs them in training: outputs staged to s16, both directions with the packing of the
// weights. The net need not be prepared.
std::vector<ProductTimes> measure_products(const Net& net, int batch, Runtime& runtime, const Repeats& repeats,
                                           const BenchProgress& progress);

}  // namespace intrain
