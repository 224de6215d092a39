// A net in double, layer by layer and written the plain way: what the integer nets must agree with. It mirrors nn/builder.h, so
// a test describes the same net twice; the real values of the stored parameters are taken in the order of Net::parameters().
//
// Each call runs its layer forward at once and puts the backward pass on a tape; softmax_xent() runs the tape.
//
// Grid::kEightBits rounds what the integer nets keep in few bits (W, gamma, beta, convolution output, x_hat, activations), with
// the ReLU mask that follows: its forward pass is then the integer net's but for rare ties, and only the backward pass differs.
// Grid::kReal rounds nothing.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "base/formats.h"
#include "base/rounding.h"
#include "core/batch.h"
#include "core/parameter.h"
#include "nn/builder.h"

namespace intrain::test {

using Reals = std::vector<double>;

enum class Grid { kReal, kEightBits };

// v on the grid of step 2^exp, ties to even, within [lo, hi] steps.
inline double on_grid(double v, int exp, double lo, double hi) {
  return std::ldexp(std::clamp(std::nearbyint(std::ldexp(v, -exp)), lo, hi), exp);
}

// [n][h][w][c]
struct RealTensor {
  int n, h, w, c;
  int exp = 0;  // of the grid
  bool is_signed = false;
  Reals v, grad;
  RealTensor(int n_, int h_, int w_, int c_)
      : n(n_), h(h_), w(w_), c(c_), v(static_cast<size_t>(n_) * h_ * w_ * c_), grad(v.size()) {}
  size_t row(int i, int y, int x) const { return ((static_cast<size_t>(i) * h + y) * w + x) * c; }
};

class FloatNet {
 public:
  using Tensor = RealTensor;

  static std::vector<Reals> real_parameters(const std::vector<Parameter*>& list, Grid grid) {
    std::vector<Reals> values;
    for (const Parameter* p : list) {
      Reals v;
      uint64_t max = 0;
      for (int32_t m : p->master) v.push_back(std::ldexp(m, kMasterExp)), max = std::max(max, magnitude(m));
      const bool weight = p->shape.size() > 1, bias = p->name.ends_with(".bias");
      const int exp = weight ? kMasterExp + std::max(0, bit_length(max) - 7) : kGammaExp;
      if (grid == Grid::kEightBits && !bias)
        for (double& x : v) x = on_grid(x, exp, -kS8Max, kS8Max);
      values.push_back(std::move(v));
    }
    return values;
  }

  FloatNet(std::vector<Reals> parameters, Grid grid, const Batch& batch, int h, int w, int c)
      : parameters_(std::move(parameters)), grid_(grid) {
    for (const Reals& p : parameters_) gradients_.emplace_back(p.size());
    input_ = make(batch.count, h, w, c);
    for (size_t i = 0; i < input_->v.size(); ++i) input_->v[i] = std::ldexp(batch.images[i], kInputExp);
    input_->exp = kInputExp;
    input_->is_signed = true;
    labels_ = batch.labels;
  }

  // Before the layers: batch norm takes these, one pair a layer, instead of the batch's, as constants.
  struct Statistics {
    Reals mean, variance;
  };
  void freeze_statistics(std::vector<Statistics> frozen) { frozen_ = std::move(frozen); }

  Tensor* input() { return input_; }
  Tensor* conv_relu(Tensor* in, const ConvSpec& s) { return relu(add_bias(conv(in, s, false)), kActivationExp); }
  Tensor* conv_bn_relu(Tensor* in, const ConvSpec& s) { return relu(batch_norm(conv(in, s)), kActivationExp); }
  Tensor* conv_bn(Tensor* in, const ConvSpec& s) { return batch_norm(conv(in, s), kNormalizedExp); }
  Tensor* conv_bn_add_relu(Tensor* in, const ConvSpec& s, Tensor* shortcut) {
    return relu(add(batch_norm(conv(in, s)), shortcut), kResidualExp);
  }
  Tensor* conv_bn_relu6(Tensor* in, const ConvSpec& s, Tensor* shortcut = nullptr) {
    Tensor* z = batch_norm(conv(in, s));
    return clip(shortcut == nullptr ? z : add(z, shortcut), kActivationExp, 0, 6);
  }
  Tensor* conv_bn_linear(Tensor* in, const ConvSpec& s, Tensor* shortcut = nullptr) {
    Tensor* z = batch_norm(conv(in, s));
    const double top = grid_ == Grid::kEightBits ? std::ldexp(kS8Max, kSignedExp) : 1e300;
    Tensor* out = clip(shortcut == nullptr ? z : add(z, shortcut), kSignedExp, -top, top);
    out->is_signed = true;
    return out;
  }
  // A pre-activation net's stream, and its ReLU(batch norm()).
  struct Stream {
    Tensor *sum, *relu;
  };
  Tensor* conv_stream(Tensor* in, const ConvSpec& s) { return on_stream(conv(in, s, false)); }
  Stream conv_add_stream(Tensor* in, const ConvSpec& s, Tensor* shortcut) {
    Tensor* sum = conv_stream(in, s);
    if (shortcut != nullptr) sum = on_stream(add(sum, shortcut));
    return {sum, relu(batch_norm(sum), kActivationExp)};
  }
  Tensor* linear_relu(Tensor* in, int outputs) { return relu(linear(in, outputs), kActivationExp); }

  Tensor* global_average_pool(Tensor* in) {
    Tensor* out = make(in->n, 1, 1, in->c);
    out->exp = kPooledExp;
    const size_t c = static_cast<size_t>(in->c), image = in->v.size() / static_cast<size_t>(in->n);
    const double scale = static_cast<double>(c) / static_cast<double>(image);
    for (size_t i = 0; i < in->v.size(); ++i) out->v[i / image * c + i % c] += in->v[i] * scale;
    if (grid_ == Grid::kEightBits)
      for (double& x : out->v) x = on_grid(x, kPooledExp, 0, kU8Max);
    tape_.push_back([=] {
      for (size_t i = 0; i < in->v.size(); ++i) in->grad[i] += out->grad[i / image * c + i % c] * scale;
    });
    return out;
  }

  Tensor* pad_shortcut(Tensor* in, const PadShortcutSpec& s) {
    Tensor* out = make(in->n, (in->h - 1) / s.stride + 1, (in->w - 1) / s.stride + 1, s.channels);
    out->exp = in->exp;
    out->is_signed = in->is_signed;
    const size_t before = static_cast<size_t>(s.before < 0 ? (s.channels - in->c) / 2 : s.before);
    std::vector<std::pair<size_t, size_t>> moves;
    for_each_pixel(out, [&](int n, int y, int x, size_t to) {
      for (size_t c = 0; c < static_cast<size_t>(in->c); ++c)
        moves.emplace_back(in->row(n, y * s.stride, x * s.stride) + c, to + before + c);
    });
    for (const auto& [from, to] : moves) out->v[to] = in->v[from];
    tape_.push_back([=] {
      for (const auto& [from, to] : moves) in->grad[from] += out->grad[to];
    });
    return out;
  }

  Tensor* max_pool(Tensor* in, int size, int stride, int pad) {
    Tensor* out = make(in->n, (in->h + 2 * pad - size) / stride + 1, (in->w + 2 * pad - size) / stride + 1, in->c);
    out->exp = in->exp;
    auto won = std::make_shared<std::vector<size_t>>(out->v.size());
    for_each_pixel(out, [&](int n, int y, int x, size_t to) {
      for (int c = 0; c < in->c; ++c) {
        double best = -1e300;
        for (int i = std::max(0, y * stride - pad); i < std::min(in->h, y * stride - pad + size); ++i)
          for (int j = std::max(0, x * stride - pad); j < std::min(in->w, x * stride - pad + size); ++j) {
            const size_t at = in->row(n, i, j) + static_cast<size_t>(c);
            if (in->v[at] > best) best = in->v[at], (*won)[to + static_cast<size_t>(c)] = at;
          }
        out->v[to + static_cast<size_t>(c)] = best;
      }
    });
    tape_.push_back([=] {
      for (size_t i = 0; i < out->v.size(); ++i) in->grad[(*won)[i]] += out->grad[i];
    });
    return out;
  }

  Tensor* linear(Tensor* in, int outputs) {
    const size_t weights = next_++, biases = next_++;
    Tensor* out = make(in->n, 1, 1, outputs);
    const size_t k = static_cast<size_t>(outputs), c = in->v.size() / static_cast<size_t>(in->n);
    const Reals& w = parameters_[weights];
    for (size_t i = 0; i < out->v.size(); ++i) {
      out->v[i] = parameters_[biases][i % k];
      for (size_t j = 0; j < c; ++j) out->v[i] += w[i % k * c + j] * in->v[i / k * c + j];
    }
    tape_.push_back([=, this, &w] {
      for (size_t i = 0; i < out->v.size(); ++i) {
        gradients_[biases][i % k] += out->grad[i];
        for (size_t j = 0; j < c; ++j) {
          gradients_[weights][i % k * c + j] += out->grad[i] * in->v[i / k * c + j];
          in->grad[i / k * c + j] += out->grad[i] * w[i % k * c + j];
        }
      }
    });
    return out;
  }

  // Returns the mean loss, and leaves the gradients in gradients().
  double softmax_xent(Tensor* logits) {
    const size_t k = static_cast<size_t>(logits->c);
    double loss = 0;
    for (size_t n = 0; n < labels_.size() && n < static_cast<size_t>(logits->n); ++n) {
      const double* x = logits->v.data() + n * k;
      const double max = *std::max_element(x, x + k);
      double sum = 0;
      for (size_t i = 0; i < k; ++i) sum += std::exp(x[i] - max);
      const size_t label = static_cast<size_t>(labels_[n]);
      loss -= x[label] - max - std::log(sum);
      for (size_t i = 0; i < k; ++i) logits->grad[n * k + i] = (std::exp(x[i] - max) / sum - (i == label)) / logits->n;
    }
    for (auto back = tape_.rbegin(); back != tape_.rend(); ++back) (*back)();
    return loss / logits->n;
  }

  // In the order of the parameters.
  const std::vector<Reals>& gradients() const { return gradients_; }

 private:
  Tensor* make(int n, int h, int w, int c) {
    tensors_.push_back(std::make_unique<Tensor>(n, h, w, c));
    return tensors_.back().get();
  }

  template <class Body>
  static void for_each_pixel(const Tensor* t, const Body& body) {
    for (int n = 0; n < t->n; ++n)
      for (int y = 0; y < t->h; ++y)
        for (int x = 0; x < t->w; ++x) body(n, y, x, t->row(n, y, x));
  }

  static ConvShape shape_of(const Tensor* in, const ConvSpec& s) {
    return {in->h, in->w, in->c, s.k, s.height == 0 ? s.size : s.height, s.size, s.stride, s.pad, s.groups, false};
  }

  // Calls body(input row + first channel, output row + first channel, tap and group's first weight) for every pair that a weight
  // joins. Weights are [k][kh][kw][c / groups]; here transposed to [group][tap][c / groups][k / groups], so that the inner loops
  // are long.
  template <class Body>
  static void for_each_tap(const Tensor* in, const Tensor* out, const ConvSpec& s, const Body& body) {
    const size_t gc = static_cast<size_t>(in->c / s.groups), gk = static_cast<size_t>(out->c / s.groups);
    for_each_pixel(out, [&](int n, int y, int x, size_t to) {
      const ConvShape shape = shape_of(in, s);
      for (int i = 0; i < shape.kh; ++i)
        for (int j = 0; j < s.size; ++j) {
          const int sy = y * s.stride - shape.pad_h() + i, sx = x * s.stride - s.pad + j;
          if (sy < 0 || sy >= in->h || sx < 0 || sx >= in->w) continue;
          const size_t tap = static_cast<size_t>(i * s.size + j), taps = static_cast<size_t>(shape.taps());
          for (size_t g = 0; g < static_cast<size_t>(s.groups); ++g)
            body(in->row(n, sy, sx) + g * gc, to + g * gk, (g * taps + tap) * gc * gk);
        }
    });
  }

  // Index in [k][kh][kw][c / groups] of element i of the transposed weights.
  static size_t stored_index(size_t i, size_t taps, size_t gc, size_t gk) {
    const size_t k = i % gk, c = i / gk % gc, tap = i / gk / gc % taps, g = i / gk / gc / taps;
    return ((g * gk + k) * taps + tap) * gc + c;
  }

  // The stream's s16; the gradient passes.
  Tensor* on_stream(Tensor* t) const {
    if (grid_ == Grid::kEightBits)
      for (double& x : t->v) x = on_grid(x, kStreamExp, -kS16Max, kS16Max);
    return t;
  }

  Tensor* conv(Tensor* in, const ConvSpec& s, bool staged = true) {
    const size_t index = next_++;
    const ConvShape shape = shape_of(in, s);
    Tensor* out = make(in->n, shape.oh(), shape.ow(), s.k);
    const size_t gc = static_cast<size_t>(in->c / s.groups), gk = static_cast<size_t>(s.k / s.groups);
    const size_t taps = static_cast<size_t>(shape.taps());
    Reals w(parameters_[index].size());
    for (size_t i = 0; i < w.size(); ++i) w[i] = parameters_[index][stored_index(i, taps, gc, gk)];
    for_each_tap(in, out, s, [&](size_t from, size_t to, size_t at) {
      for (size_t c = 0; c < gc; ++c)
        for (size_t k = 0; k < gk; ++k) out->v[to + k] += in->v[from + c] * w[at + c * gk + k];
    });
    if (grid_ == Grid::kEightBits && staged) stage(in, index, out);
    tape_.push_back([=, this] {
      Reals dw(w.size());
      for_each_tap(in, out, s, [&](size_t from, size_t to, size_t at) {
        for (size_t c = 0; c < gc; ++c) {
          double sum = 0;
          for (size_t k = 0; k < gk; ++k) {
            sum += out->grad[to + k] * w[at + c * gk + k];
            dw[at + c * gk + k] += out->grad[to + k] * in->v[from + c];
          }
          in->grad[from + c] += sum;
        }
      });
      for (size_t i = 0; i < dw.size(); ++i) gradients_[index][stored_index(i, taps, gc, gk)] = dw[i];
    });
    return out;
  }

  // Rounds a convolution's output to 16 bits, with a shift of each channel from the largest value there could be.
  void stage(const Tensor* in, size_t weights, Tensor* out) const {
    const Reals& w = parameters_[weights];
    const size_t k = static_cast<size_t>(out->c), fan_in = w.size() / k;
    double max = 0;
    for (double x : w) max = std::max(max, std::abs(x));
    const int exp = in->exp + std::ilogb(max) - 6;  // of the exact sums: the largest W has 7 bits
    for (size_t c = 0; c < k; ++c) {
      double bound = 0;
      for (size_t i = 0; i < fan_in; ++i) bound += std::abs(w[c * fan_in + i]);
      bound *= std::ldexp(in->is_signed ? kS8Max : kU8Max, in->exp);
      int staged_exp = std::max(exp, std::ilogb(bound) - 14);
      if (std::nearbyint(std::ldexp(bound, -staged_exp)) > kS16Max) ++staged_exp;
      for (size_t i = c; i < out->v.size(); i += k) out->v[i] = on_grid(out->v[i], staged_exp, -kS16Max, kS16Max);
    }
  }

  // exp: of x_hat as the output is formed from it; the backward pass has 8 bits of it.
  Tensor* batch_norm(Tensor* in, int exp = kFineExp) {
    const size_t gammas = next_++, betas = next_++, c = static_cast<size_t>(in->c);
    Tensor* out = make(in->n, in->h, in->w, in->c);
    const double n = static_cast<double>(in->v.size() / c);
    Reals mean(c), var(c), x_hat(in->v.size());
    const bool frozen = !frozen_.empty();
    if (frozen) {
      mean = frozen_[norms_].mean;
      var = frozen_[norms_].variance;
    } else {
      for (size_t i = 0; i < in->v.size(); ++i) mean[i % c] += in->v[i] / n;
      for (size_t i = 0; i < in->v.size(); ++i) var[i % c] += (in->v[i] - mean[i % c]) * (in->v[i] - mean[i % c]) / n;
    }
    ++norms_;
    for (double& v : var) v = std::sqrt(v + std::ldexp(1.0, kEpsilonLog2));
    for (size_t i = 0; i < in->v.size(); ++i) {
      x_hat[i] = (in->v[i] - mean[i % c]) / var[i % c];
      const int limit = exp == kNormalizedExp ? kS8Max : kS16Max;
      if (grid_ == Grid::kEightBits) x_hat[i] = on_grid(x_hat[i], exp, -limit, limit);
      out->v[i] = parameters_[gammas][i % c] * x_hat[i] + parameters_[betas][i % c];
      if (grid_ == Grid::kEightBits) x_hat[i] = on_grid(x_hat[i], kNormalizedExp, -kS8Max, kS8Max);
    }
    tape_.push_back([=, this] {
      Reals& d_gamma = gradients_[gammas];
      Reals& d_beta = gradients_[betas];
      for (size_t i = 0; i < in->v.size(); ++i) d_beta[i % c] += out->grad[i], d_gamma[i % c] += out->grad[i] * x_hat[i];
      const double through = frozen ? 0 : 1 / n;  // the moments
      for (size_t i = 0; i < in->v.size(); ++i)
        in->grad[i] += parameters_[gammas][i % c] / var[i % c] *
                       (out->grad[i] - d_beta[i % c] * through - x_hat[i] * d_gamma[i % c] * through);
    });
    return out;
  }

  Tensor* add_bias(Tensor* t) {
    const size_t biases = next_++, k = static_cast<size_t>(t->c);
    for (size_t i = 0; i < t->v.size(); ++i) t->v[i] += parameters_[biases][i % k];
    tape_.push_back([=, this] {
      for (size_t i = 0; i < t->v.size(); ++i) gradients_[biases][i % k] += t->grad[i];
    });
    return t;
  }

  // exp: of the u8 output.
  Tensor* relu(Tensor* in, int exp) { return clip(in, exp, 0, grid_ == Grid::kEightBits ? std::ldexp(kU8Max, exp) : 1e300); }

  // Between bottom and top; the gradient passes strictly between.
  Tensor* clip(Tensor* in, int exp, double bottom, double top) {
    Tensor* out = make(in->n, in->h, in->w, in->c);
    out->exp = exp;
    for (size_t i = 0; i < in->v.size(); ++i)
      out->v[i] = grid_ == Grid::kEightBits ? on_grid(in->v[i], exp, std::ldexp(bottom, -exp), std::ldexp(top, -exp))
                                            : std::clamp(in->v[i], bottom, top);
    tape_.push_back([=] {
      for (size_t i = 0; i < in->v.size(); ++i)
        if (out->v[i] > bottom && out->v[i] < top) in->grad[i] += out->grad[i];
    });
    return out;
  }

  Tensor* add(Tensor* a, Tensor* b) {
    Tensor* out = make(a->n, a->h, a->w, a->c);
    for (size_t i = 0; i < a->v.size(); ++i) out->v[i] = a->v[i] + b->v[i];
    tape_.push_back([=] {
      for (size_t i = 0; i < a->v.size(); ++i) a->grad[i] += out->grad[i], b->grad[i] += out->grad[i];
    });
    return out;
  }

  std::vector<Reals> parameters_, gradients_;
  Grid grid_;
  size_t next_ = 0, norms_ = 0;
  std::vector<Statistics> frozen_;
  std::vector<std::unique_ptr<Tensor>> tensors_;
  std::vector<std::function<void()>> tape_;
  Tensor* input_;
  std::vector<int32_t> labels_;
};

}  // namespace intrain::test
