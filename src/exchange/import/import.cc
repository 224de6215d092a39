#include "exchange/import/import.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/formats.h"
#include "core/check.h"
#include "core/error.h"
#include "core/stop.h"
#include "data/loader.h"
#include "exchange/import/scales.h"
#include "ops/kernels.h"

namespace intrain {

namespace {

constexpr int kMostRounds = 12, kMostScaleLog2 = 8;
constexpr double kGammaMost = static_cast<double>(kS8Max) / (1 << -kGammaExp);
const double kEpsilon = std::ldexp(1.0, kEpsilonLog2);

class Importer {
 public:
  Importer(Net& net, const std::vector<NetStep>& steps, std::vector<FloatLayer>& layers) : net_(net), groups_(steps), report_{} {
    size_t i = 0;
    for (const NetStep& step : steps)
      if (step.learns())
        pairs_.push_back({&step, &layers[i++], std::vector<double>(static_cast<size_t>(step.weight->shape[0]), 1)});
    CHECK_EQ(i, layers.size());
  }

  bool folded() const {
    return std::any_of(pairs_.begin(), pairs_.end(), [](const Pair& p) { return p.layer->folded; });
  }

  // Makes the largest W of each output channel of a convolution the top of its layer's format.
  void scale_rows() {
    for (Pair& pair : pairs_) {
      const std::vector<float>& weight = pair.layer->weight;
      if (pair.step->kind != NetStep::Kind::kConv || weight.empty()) continue;
      const size_t row = weight.size() / pair.factors.size();
      std::vector<double> most(pair.factors.size(), 0);
      for (size_t i = 0; i < weight.size(); ++i) most[i / row] = std::max(most[i / row], std::abs(double{weight[i]}));
      const double largest = *std::max_element(most.begin(), most.end());
      if (largest == 0) continue;
      const double top = std::max(largest, std::ldexp(kS8Max / 128.0, std::ilogb(largest) + 1));
      for (size_t i = 0; i < most.size(); ++i)
        if (most[i] > 0) pair.factors[i] = std::min(top / most[i], std::ldexp(1, kMostScaleLog2));
    }
  }

  // All of the net's parameters and statistics, at the scales as they are.
  void store() {
    report_.clamped = report_.gamma_beyond = report_.beta_beyond = 0;
    for (const Pair& pair : pairs_) store(pair);
    net_.quantize_parameters();
  }

  // Batch norm of the folded convolutions, from the batch; layer by layer, each behind those that are done.
  void estimate(const Batch& batch) {
    report_.estimated = true;
    store();
    net_.evaluate(batch);  // for the input, which the layers keep
    const LayerContext context{net_.runtime().kernels(),
                               net_.runtime().pool(),
                               net_.runtime().reducer(),
                               batch.count,
                               batch.count,
                               0,
                               0,
                               0,
                               net_.widths()};
    for (const auto& layer : net_.layers()) {
      const auto pair = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& p) { return p.step->name == layer->name(); });
      if (pair != pairs_.end() && pair->layer->folded) {
        estimate_layer(*layer, *pair, context);
        store(*pair);
        layer->quantize_parameters(net_.runtime().kernels(), net_.runtime().pool());
      }
      layer->evaluate(context);
    }
    store();
  }

  Histograms measure(Loader& loader, int batches, const std::atomic<int>* stop) {
    Histograms histograms;
    net_.set_tensor_sink(&histograms);
    for (int i = 0; i < batches; ++i) {
      check_stop(stop);
      net_.evaluate(loader.next());
    }
    net_.set_tensor_sink(nullptr);
    return histograms;
  }

  // By 2 or 1/2 where that is better; false if nowhere.
  bool rescale(const Histograms& histograms) {
    struct Wish {
      bool smaller = false, larger = true;
    };
    std::map<const Value*, Wish> wishes;
    for (const auto& [step, layer, factors] : pairs_) {
      if (step->out == nullptr || groups_.fixed(step->out)) continue;
      Wish& wish = wishes[groups_.of(step->out)];
      const int top = top_of(*step);
      wish.smaller |= histograms.share(step->name, top) > kMostSaturated;
      wish.larger &= histograms.share(step->name, (top + 1) / 2) <= kMostSaturated && room(*step, *layer);
    }
    bool changed = false;
    for (const auto& [group, wish] : wishes) {
      const int by = wish.smaller ? -1 : wish.larger ? 1 : 0;
      if (by == 0 || std::abs(groups_.scale(group) + by) > kMostScaleLog2) continue;
      groups_.add_scale(group, by);
      changed = true;
    }
    return changed;
  }

  ImportReport report(const Histograms* histograms) {
    for (const auto& [step, layer, factors] : pairs_) {
      const bool measured = histograms != nullptr && histograms->has(step->name);
      report_.layers.push_back({step->name, layer->source, groups_.scale(step->out),
                                measured ? histograms->share(step->name, top_of(*step)) : 0, measured});
    }
    return report_;
  }

 private:
  struct Pair {
    const NetStep* step;
    FloatLayer* layer;
    std::vector<double> factors;  // of W, by output; 1 of a linear layer
  };

  // The magnitude of a saturated output.
  static int top_of(const NetStep& step) {
    if (step.relu6) return kRelu6Top;
    return step.out != nullptr && step.out->is_signed() ? kS8Max : kU8Max;
  }

  // Whether gamma and beta are still in range if doubled.
  bool room(const NetStep& step, const FloatLayer& layer) const {
    const double most = std::ldexp(kGammaMost, -groups_.scale(step.out) - 1);
    const auto within = [&](double v) { return std::abs(v) <= most; };
    return std::all_of(layer.gamma.begin(), layer.gamma.end(), within) &&
           std::all_of(layer.beta.begin(), layer.beta.end(), within);
  }

  // round(value 2^-exp), within +-most.
  int64_t fixed(double value, int exp, double most) {
    const double scaled = std::ldexp(value, -exp);
    report_.clamped += std::abs(scaled) > most + 0.5;
    return std::llrint(std::clamp(scaled, -most, most));
  }
  int32_t stored(double value) { return static_cast<int32_t>(fixed(value, kMasterExp, INT32_MAX)); }

  void store(const Pair& pair) {
    const NetStep& step = *pair.step;
    const FloatLayer& layer = *pair.layer;
    if (layer.weight.empty()) return;
    const int in = groups_.scale(step.in), out = groups_.scale(step.out);
    CHECK_EQ(layer.weight.size(), step.weight->master.size());
    const int undone = step.kind == NetStep::Kind::kLinear ? out - in : 0;
    const size_t row = layer.weight.size() / pair.factors.size();
    for (size_t i = 0; i < layer.weight.size(); ++i)
      step.weight->master[i] = stored(std::ldexp(layer.weight[i] * pair.factors[i / row], undone));
    if (step.kind == NetStep::Kind::kLinear) {
      for (size_t i = 0; i < layer.bias.size(); ++i) step.bias->master[i] = stored(std::ldexp(double{layer.bias[i]}, out));
      return;
    }
    for (size_t i = 0; i < layer.gamma.size(); ++i) store_norm(pair, i, std::ldexp(pair.factors[i], in), out);
  }

  // factor: what the convolution's channel i is larger by.
  void store_norm(const Pair& pair, size_t i, double factor, int out) {
    const NetStep& step = *pair.step;
    const FloatLayer& layer = *pair.layer;
    double gamma = std::ldexp(layer.gamma[i], out), beta = std::ldexp(layer.beta[i], out);
    double mean = layer.mean[i] * factor, sigma = std::sqrt(layer.variance[i]) * factor;
    if (const double beyond = std::abs(gamma) / kGammaMost; beyond > 1) {
      gamma /= beyond;
      sigma /= beyond;
      ++report_.gamma_beyond;
    }
    if (const double rest = beta - std::clamp(beta, -kGammaMost, kGammaMost); rest != 0) {
      beta -= rest;
      ++report_.beta_beyond;
      // Gamma as the layer will have it: where it is 0 there is no way.
      const double gamma8 = std::ldexp(std::nearbyint(std::ldexp(gamma, -kGammaExp)), kGammaExp);
      if (gamma8 != 0)
        mean -= rest * sigma / gamma8;
      else
        ++report_.clamped;
    }
    step.gamma->master[i] = stored(gamma);
    step.beta->master[i] = stored(beta);
    step.running_mean[i] = fixed(mean, kRunningExp, static_cast<double>(kRunningMost));
    step.running_var[i] = fixed(std::max(0.0, sigma * sigma - kEpsilon), kRunningExp, static_cast<double>(kRunningMost));
  }

  void estimate_layer(Layer& layer, const Pair& pair, const LayerContext& context) {
    const auto channels = static_cast<size_t>(pair.step->conv.k);
    std::fill_n(pair.step->running_mean, channels, 0);
    std::fill_n(pair.step->running_var, channels, 0);
    layer.forward(context);
    // What the pass has added to nothing is kRunningMomentum / 1024 of the batch's own.
    const int in = groups_.scale(pair.step->in);
    const auto own = [](int64_t running) {
      return std::ldexp(static_cast<double>(running) * 1024 / kRunningMomentum, kRunningExp);
    };
    FloatLayer& to = *pair.layer;
    for (auto* list : {&to.gamma, &to.beta, &to.mean, &to.variance}) list->resize(channels);
    for (size_t i = 0; i < channels; ++i) {
      const double factor = std::ldexp(pair.factors[i], in);
      to.mean[i] = own(pair.step->running_mean[i]) / factor;
      to.variance[i] = (own(pair.step->running_var[i]) + kEpsilon) / (factor * factor);
      to.gamma[i] = std::sqrt(to.variance[i]);
      to.beta[i] = to.mean[i] + to.bias[i];
    }
  }

  Net& net_;
  std::vector<Pair> pairs_;
  ScaleGroups groups_;
  ImportReport report_;
};

// Of all that files hold, and of what was made of it: an attribute, a sum, a quotient.
void check_numbers(const std::vector<FloatLayer>& layers, const std::string& file) {
  for (const FloatLayer& layer : layers) {
    const auto check = [&](const char* what, const auto& list, double least = -INFINITY) {
      for (const double v : list)
        if (!std::isfinite(v) || v < least)
          throw Error(layer.source + " has " + what + " of " + std::to_string(v), file, "export the net with finite numbers");
    };
    check("a weight", layer.weight);
    check("a bias", layer.bias);
    check("a gamma", layer.gamma);
    check("a beta", layer.beta);
    check("a mean", layer.mean);
    check("a variance", layer.variance, 0);
  }
}

}  // namespace

ImportReport import_layers(Net& net, const std::vector<NetStep>& steps, std::vector<FloatLayer> layers, const std::string& file,
                           const Dataset& train, const Normalization& norm, int images, int batch, const std::atomic<int>* stop) {
  check_numbers(layers, file);
  Importer importer(net, steps, layers);
  if (importer.folded() && images == 0)
    throw Error("batch norm is folded into the convolutions, and its statistics are not known", file,
                "give `calibrate` some images to find them with, or export the net with its batch norms");
  if (images == 0) {
    importer.store();
    return importer.report(nullptr);
  }
  importer.scale_rows();
  // In random order, as evaluation sees them: a folder's come class by class.
  const LoaderOptions options{.batch = batch, .training = true, .threads = net.runtime().pool().threads(), .augment = false};
  if (importer.folded()) importer.estimate(Loader(train, norm, options).next());
  importer.store();
  const int batches = (images + batch - 1) / batch;
  for (int round = 0;; ++round) {
    Loader loader(train, norm, options);  // the same images each time
    const Histograms histograms = importer.measure(loader, batches, stop);
    if (round < kMostRounds && importer.rescale(histograms)) {
      importer.store();
      continue;
    }
    return importer.report(&histograms);
  }
}

}  // namespace intrain
