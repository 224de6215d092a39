// What firmware in float32 takes to learn, beside src/micro/: chains of convolutions with bias and ReLU, an average pool and a last linear layer,
// by plain gradient descent on one sample at a time. Each weight changes as soon as its gradient is known, so that no gradients are kept: less
// memory than a general library takes.
#pragma once

#include <stdint.h>

struct FloatLayer {
  int32_t h, w, c;  // of the input
  int32_t k, size_h, size_w, stride, pad_h, pad_w, groups;
  bool average;  // the mean over the image instead; k = c

  constexpr int32_t oh() const { return average ? 1 : (h + 2 * pad_h - size_h) / stride + 1; }
  constexpr int32_t ow() const { return average ? 1 : (w + 2 * pad_w - size_w) / stride + 1; }
  constexpr int32_t inputs() const { return h * w * c; }
  constexpr int32_t outputs() const { return oh() * ow() * k; }
  constexpr int32_t weights() const { return average ? 0 : k * size_h * size_w * (c / groups); }
  constexpr int32_t biases() const { return average ? 0 : k; }
};

struct FloatNet {
  const FloatLayer* layers;
  int32_t layer_count;
  float* parameters;  // weights and biases of each layer, one after the other
  float* values;      // the input, and what each layer puts out
  float* errors;      // of the largest value, twice
  int32_t largest;    // elements of that
};

void initialize(const FloatNet& net);
// The class it was taken for before.
int32_t train_step(const FloatNet& net, const uint8_t* pixels, int32_t label, float rate);
int32_t predict(const FloatNet& net, const uint8_t* pixels);
