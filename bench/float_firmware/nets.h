// Nets of examples/firmware/, with a bias where those have batch norm: in float32 its running statistics would be folded into W.
#pragma once

#include "float_net.h"

#if defined(NET_gestures)
constexpr FloatLayer kLayers[] = {{1, 1, 32, 24, 1, 1, 1, 0, 0, 1, false}, {1, 1, 24, 10, 1, 1, 1, 0, 0, 1, false}};
#elif defined(NET_fashion)
constexpr FloatLayer kLayers[] = {{28, 28, 1, 8, 3, 3, 2, 1, 1, 1, false},
                                  {14, 14, 8, 16, 3, 3, 2, 1, 1, 1, false},
                                  {7, 7, 16, 32, 3, 3, 2, 1, 1, 1, false},
                                  {4, 4, 32, 32, 4, 4, 1, 0, 0, 1, true},
                                  {1, 1, 32, 10, 1, 1, 1, 0, 0, 1, false}};
#elif defined(NET_wrist)
constexpr FloatLayer kLayers[] = {{1, 192, 1, 16, 1, 15, 6, 0, 6, 1, false},
                                  {1, 32, 16, 24, 1, 5, 2, 0, 2, 1, false},
                                  {1, 16, 24, 32, 1, 3, 2, 0, 1, 1, false},
                                  {1, 8, 32, 32, 1, 8, 1, 0, 0, 1, true},
                                  {1, 1, 32, 10, 1, 1, 1, 0, 0, 1, false}};
#endif

constexpr int32_t kLayerCount = sizeof kLayers / sizeof kLayers[0];
constexpr int32_t parameter_count() {
  int32_t count = 0;
  for (const FloatLayer& l : kLayers) count += l.weights() + l.biases();
  return count;
}
constexpr int32_t value_count() {
  int32_t count = kLayers[0].inputs();
  for (const FloatLayer& l : kLayers) count += l.outputs();
  return count;
}
constexpr int32_t largest_value() {
  int32_t largest = kLayers[kLayerCount - 1].outputs();
  for (const FloatLayer& l : kLayers)
    if (l.inputs() > largest) largest = l.inputs();
  return largest;
}
