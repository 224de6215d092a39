#include "analysis/inspect.h"

#include <algorithm>

#include "base/formats.h"
#include "base/rounding.h"
#include "core/check.h"
#include "data/loader.h"
#include "optim/schedule.h"
#include "train/add_gradients.h"
#include "train/data_options.h"
#include "train/trained_net.h"
#include "train/trainer.h"

namespace intrain {

namespace {

class Collector final : public TensorSink {
 public:
  Collector(std::vector<LayerStatistics>& layers, const Widths& widths, int range_log2) : widths_(widths), layers_(layers) {
    if (range_log2 > 0) widths_.g = range_log2 + 1;
  }

  void tensor(const std::string& layer, TensorKind kind, const int8_t* data, int64_t count, int exp) override {
    add(layer, kind, data, count, exp, 0, format_limit(kind, widths_, true));
  }
  void tensor(const std::string& layer, TensorKind kind, const uint8_t* data, int64_t count, int exp) override {
    add(layer, kind, data, count, exp, 0, format_limit(kind, widths_));
  }
  void tensor(const std::string& layer, TensorKind kind, const int16_t* data, int64_t count, int exp) override {
    const int64_t limit = format_limit(kind, widths_);
    add(layer, kind, data, count, exp, std::max(0, bit_length(static_cast<uint64_t>(limit)) - 7), limit);
  }

 private:
  template <class Integer>
  void add(const std::string& layer, TensorKind kind, const Integer* data, int64_t count, int exp, int shift, int64_t limit) {
    TensorStatistics& s = statistics(layer).tensor[static_cast<int>(kind)];
    s.count += count;
    s.exp = exp;
    s.shift = shift;
    s.low_end = -limit >> shift;
    s.high_end = limit >> shift;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t v = data[i], m = static_cast<int64_t>(magnitude(v));
      CHECK_LE(m, limit);
      s.zeros += v == 0;
      s.saturated += m == limit;
      s.largest = std::max(s.largest, m);
      ++s.histogram[static_cast<size_t>((v >> shift) + 128)];
    }
  }
  LayerStatistics& statistics(const std::string& layer) {
    for (LayerStatistics& l : layers_)
      if (l.layer == layer) return l;
    layers_.push_back({layer, {}});
    return layers_.back();
  }

  Widths widths_;
  std::vector<LayerStatistics>& layers_;
};

}  // namespace

void inspect(Net& net, int batches, const std::function<const Batch&()>& next, const SgdStep& step, int64_t first,
             std::vector<LayerStatistics>& layers) {
  Collector collector(layers, net.widths(), step.range_log2);
  std::vector<GradientSum> sums(net.parameters().size());
  AddGradients add(net, sums);
  net.set_tensor_sink(&collector);
  net.set_batches_per_step(batches);
  for (int64_t i = 0; i < batches; ++i) {
    const Batch& batch = next();
    net.forward(batch);
    net.backward(batch, step.seed, static_cast<uint32_t>(first + i), &add);
  }
  for (Parameter* p : net.parameters())
    if (!p->frozen) sums[p->number].take(*p, [&](Parameter& summed) { show_gradient(summed, step, collector); });
  net.set_tensor_sink(nullptr);
}

StepStatistics inspect_next_step(const Checkpoint& checkpoint, const Dataset& train, bool mirror, int batch, int threads) {
  const CheckpointInfo& info = checkpoint.info;
  const TrainConfig& config = info.config;
  TrainedNet trained(checkpoint, batch, true, threads);
  const int64_t count = info.train_count > 0 ? info.train_count : train.count;
  const int64_t steps_per_epoch = std::max(int64_t{1}, count / config.batch / config.accumulate);
  const bool as_trained = batch == config.batch && train.count == count && count / batch >= config.accumulate;
  const int batches = as_trained ? config.accumulate : 1;
  const int64_t first = as_trained ? batches_before(config, count, info.step) : info.epoch * (train.count / batch);
  LoaderOptions options = training_loader(config, mirror);
  options.batch = batch;
  options.threads = threads;
  options.first_step = first;
  Loader loader(train, normalization_of(checkpoint), options);
  SgdStep step{};
  step.seed = config.seed;
  step.momentum_bits = config.widths.momentum;
  if (config.widths.constant_g)
    step.range_log2 = wageubn_range_log2(wageubn_phase(info.step, config.epochs * steps_per_epoch), config.widths.g);
  StepStatistics result{{}, batch * batches};
  const auto next = [&]() -> const Batch& { return loader.next(); };
  inspect(trained.net, batches, next, step, first, result.layers);
  return result;
}

}  // namespace intrain
