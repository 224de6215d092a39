#include "float_net.h"

namespace {

// Calls visit(input pixel, output pixel, tap) for every tap of every output pixel that lies in the image.
template <class Visit>
void for_each_tap(const FloatLayer& l, const Visit& visit) {
  for (int32_t oh = 0; oh < l.oh(); ++oh)
    for (int32_t ow = 0; ow < l.ow(); ++ow)
      for (int32_t kh = 0; kh < l.size_h; ++kh)
        for (int32_t kw = 0; kw < l.size_w; ++kw) {
          const int32_t ih = oh * l.stride - l.pad_h + kh, iw = ow * l.stride - l.pad_w + kw;
          if (ih >= 0 && ih < l.h && iw >= 0 && iw < l.w) visit(ih * l.w + iw, oh * l.ow() + ow, kh * l.size_w + kw);
        }
}

void forward(const FloatLayer& l, const float* in, const float* weights, float* out, bool last) {
  if (l.average) {
    for (int32_t c = 0; c < l.c; ++c) {
      float sum = 0;
      for (int32_t p = 0; p < l.h * l.w; ++p) sum += in[p * l.c + c];
      out[c] = sum * (1.0f / static_cast<float>(l.h * l.w));
    }
    return;
  }
  const float* bias = weights + l.weights();
  const int32_t gc = l.c / l.groups, gk = l.k / l.groups, taps = l.size_h * l.size_w;
  for (int32_t i = 0; i < l.outputs(); ++i) out[i] = bias[i % l.k];
  for_each_tap(l, [&](int32_t from, int32_t to, int32_t tap) {
    for (int32_t k = 0; k < l.k; ++k) {
      const float* w = weights + (k * taps + tap) * gc;
      const float* x = in + from * l.c + k / gk * gc;
      float sum = 0;
      for (int32_t c = 0; c < gc; ++c) sum += x[c] * w[c];
      out[to * l.k + k] += sum;
    }
  });
  if (last) return;
  for (int32_t i = 0; i < l.outputs(); ++i)
    if (out[i] < 0) out[i] = 0;
}

// error: of the output behind its ReLU. in_error may be null.
void backward(const FloatLayer& l, const float* in, float* weights, const float* error, float* in_error, float rate) {
  if (l.average) {
    const float share = 1.0f / static_cast<float>(l.h * l.w);
    for (int32_t i = 0; i < l.inputs(); ++i) in_error[i] = error[i % l.c] * share;
    return;
  }
  const int32_t gc = l.c / l.groups, gk = l.k / l.groups, taps = l.size_h * l.size_w;
  if (in_error != nullptr) {
    for (int32_t i = 0; i < l.inputs(); ++i) in_error[i] = 0;
    for_each_tap(l, [&](int32_t from, int32_t to, int32_t tap) {
      for (int32_t k = 0; k < l.k; ++k) {
        const float* w = weights + (k * taps + tap) * gc;
        float* x = in_error + from * l.c + k / gk * gc;
        const float e = error[to * l.k + k];
        for (int32_t c = 0; c < gc; ++c) x[c] += w[c] * e;
      }
    });
  }
  for_each_tap(l, [&](int32_t from, int32_t to, int32_t tap) {
    for (int32_t k = 0; k < l.k; ++k) {
      float* w = weights + (k * taps + tap) * gc;
      const float* x = in + from * l.c + k / gk * gc;
      const float e = rate * error[to * l.k + k];
      for (int32_t c = 0; c < gc; ++c) w[c] -= x[c] * e;
    }
  });
  float* bias = weights + l.weights();
  for (int32_t i = 0; i < l.outputs(); ++i) bias[i % l.k] -= rate * error[i];
}

// e^x for x <= 0, to some 6 digits: 2^n times a polynomial.
float exponential(float x) {
  if (x < -80.0f) return 0;
  const float y = x * 1.44269504f;
  const int32_t n = static_cast<int32_t>(y - 0.5f);
  const float f = (y - static_cast<float>(n)) * 0.693147181f;
  float result = 1.0f + f * (1.0f + f * (0.5f + f * (1.0f / 6 + f * (1.0f / 24 + f * (1.0f / 120)))));
  for (int32_t i = 0; i > n; --i) result *= 0.5f;
  return result;
}

int32_t largest(const float* logits, int32_t classes) {
  int32_t best = 0;
  for (int32_t i = 1; i < classes; ++i)
    if (logits[i] > logits[best]) best = i;
  return best;
}

// Of softmax and cross-entropy.
void loss_error(const float* logits, int32_t classes, int32_t label, float* error) {
  const float top = logits[largest(logits, classes)];
  float sum = 0;
  for (int32_t i = 0; i < classes; ++i) sum += error[i] = exponential(logits[i] - top);
  const float share = 1.0f / sum;
  for (int32_t i = 0; i < classes; ++i) error[i] = error[i] * share - (i == label ? 1.0f : 0.0f);
}

}  // namespace

void initialize(const FloatNet& net) {
  uint32_t state = 1;
  float* at = net.parameters;
  for (int32_t i = 0; i < net.layer_count; ++i) {
    const FloatLayer& l = net.layers[i];
    for (int32_t j = 0; j < l.weights(); ++j) {
      state = state * 1664525u + 1013904223u;
      *at++ = (static_cast<float>(state >> 8) * (1.0f / (1 << 23)) - 1.0f) * 0.2f;
    }
    for (int32_t j = 0; j < l.biases(); ++j) *at++ = 0;
  }
}

int32_t predict(const FloatNet& net, const uint8_t* pixels) {
  float* in = net.values;
  for (int32_t i = 0; i < net.layers[0].inputs(); ++i) in[i] = (static_cast<float>(pixels[i]) - 128.0f) * (1.0f / 64);
  const float* weights = net.parameters;
  for (int32_t i = 0; i < net.layer_count; ++i) {
    const FloatLayer& l = net.layers[i];
    forward(l, in, weights, in + l.inputs(), i == net.layer_count - 1);
    in += l.inputs();
    weights += l.weights() + l.biases();
  }
  return largest(in, net.layers[net.layer_count - 1].k);
}

int32_t train_step(const FloatNet& net, const uint8_t* pixels, int32_t label, float rate) {
  const int32_t was = predict(net, pixels);
  float* value = net.values;
  float* weights = net.parameters;
  for (int32_t i = 0; i < net.layer_count; ++i) {
    value += net.layers[i].inputs();
    weights += net.layers[i].weights() + net.layers[i].biases();
  }
  float *error = net.errors, *in_error = net.errors + net.largest;
  loss_error(value, net.layers[net.layer_count - 1].k, label, error);
  for (int32_t i = net.layer_count - 1; i >= 0; --i) {
    const FloatLayer& l = net.layers[i];
    if (i < net.layer_count - 1 && !l.average)
      for (int32_t j = 0; j < l.outputs(); ++j)
        if (value[j] <= 0) error[j] = 0;
    value -= l.inputs();
    weights -= l.weights() + l.biases();
    backward(l, value, weights, error, i > 0 ? in_error : nullptr, rate);
    float* const other = error;
    error = in_error;
    in_error = other;
  }
  return was;
}
