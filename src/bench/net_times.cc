#include "bench/net_times.h"

#include <algorithm>
#include <numeric>

#include "core/reducer.h"
#include "train/step.h"

namespace intrain {

namespace {

constexpr int kWarmUpSteps = 2;
// Rate 1/64, momentum 29/32, decay 13/2^17: near the usual ones.
constexpr SgdStep kStep{{512, -15}, {928, -10}, {832, -23}, 0, 0};

int64_t parameter_bytes(const Net& net) {
  size_t bytes = 0;
  for (const Parameter* p : net.parameters()) bytes += p->master.size() * 4 + p->momentum.size() * 2;
  return static_cast<int64_t>(bytes);
}

}  // namespace

double LayerTimes::total() const { return std::accumulate(seconds.begin(), seconds.end(), 0.0); }

NetTimes measure_net(Net& net, const BenchInput& input, bool training, std::shared_ptr<Runtime> runtime, const Repeats& repeats,
                     const BenchProgress& progress) {
  net.prepare(input.batch, training, std::move(runtime));
  const Batch batch = random_batch(input);
  net.initialize(0);
  SgdStep sgd = kStep;
  const auto step = [&] {
    if (!training) return net.evaluate(batch);
    train_step(net, batch, sgd);
    ++sgd.step;
  };
  for (int i = 0; i < kWarmUpSteps; ++i) {
    progress(0, "warming up");
    step();
  }

  Profile profile;
  net.set_profile(&profile);
  std::vector<double> times;
  double spent = 0;
  while (!repeats.done(static_cast<int>(times.size()), spent)) {
    const double start = seconds_now();
    step();
    times.push_back(seconds_now() - start);
    spent += times.back();
    progress(repeats.part(static_cast<int>(times.size()), spent), training ? "training steps" : "forward passes");
  }
  net.set_profile(nullptr);

  NetTimes result{};
  result.training = training;
  result.steps = static_cast<int>(times.size());
  result.step_seconds = median(times);
  result.mean_step_seconds = spent / result.steps;
  result.images_per_second = input.batch / result.step_seconds;
  result.planned_bytes = static_cast<int64_t>(net.memory().total_bytes());
  result.parameter_bytes = parameter_bytes(net);
  for (const auto& layer : net.layers()) {
    LayerTimes times_of{};
    times_of.name = layer->name();
    if (const std::optional<LayerProduct> product = layer->product()) {
      times_of.shape = shape_text(product->shape);
      times_of.operations = operations(*product, input.batch);
      if (!training) times_of.operations.backward_data = times_of.operations.backward_weights = 0;
    }
    result.operations += times_of.operations.all();
    result.layers.push_back(times_of);
  }
  double named = 0;
  for (const Profile::Row& row : profile.rows()) {
    const double seconds = static_cast<double>(row.nanoseconds) * 1e-9 / result.steps;
    const size_t op = static_cast<size_t>(row.op);
    result.seconds[op] += seconds;
    named += seconds;
    if (row.layer >= 0) result.layers[static_cast<size_t>(row.layer)].seconds[op] += seconds;
  }
  result.seconds[static_cast<size_t>(ProfileOp::kOther)] += std::max(0.0, result.mean_step_seconds - named);
  return result;
}

}  // namespace intrain
