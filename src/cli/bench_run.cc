#include "cli/bench_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "bench/comm_times.h"
#include "bench/net_times.h"
#include "bench/peak.h"
#include "bench/products.h"
#include "bench/step_chart.h"
#include "bench/times_json.h"
#include "cli/decimal.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/error.h"
#include "core/text.h"
#include "isa/isa.h"
#include "models/models.h"
#include "ops/kernels.h"
#include "settings/config.h"
#include "settings/number_text.h"

namespace intrain::cli {

namespace {

constexpr int kMaxSide = 4096, kMaxChannels = 4096;
constexpr size_t kSlowestLayers = 8;
constexpr int kModelNodes[] = {16, 128, 1024};

std::string giga(double value) { return fmt::format("{:.1f}", value * 1e-9); }
std::string percent(double share) { return percent_text(share, 1); }
std::string mebibytes(int64_t bytes) { return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / 1048576); }

void set_image(const std::string& text, BenchInput& input) {
  const size_t first = text.find('x'), second = text.find('x', first + 1);
  const auto part = [&](size_t begin, size_t end) { return read_decimal<int>(text.substr(begin, end - begin)).value_or(0); };
  if (second != std::string::npos) {
    input.h = part(0, first);
    input.w = part(first + 1, second);
    input.c = part(second + 1, text.size());
  }
  if (second == std::string::npos || std::min({input.h, input.w, input.c}) < 1 || std::max(input.h, input.w) > kMaxSide ||
      input.c > kMaxChannels)
    throw Error(fmt::format("'{}' is no image size", text), "--image",
                fmt::format("height x width x channels, like 32x32x3; at most {}x{}x{}", kMaxSide, kMaxSide, kMaxChannels));
}

// One run of the command: what it measures with, and where it tells.
class Bench {
 public:
  Bench(const char* command, const BenchFlags& flags)
      : flags_(flags),
        runtime_(std::make_shared<Runtime>(flags.threads)),
        // With the JSON on stdout, what is for people goes where it does not disturb.
        out_(flags.json == "-" ? stderr : stdout),
        bar_(out_) {
    head_.command = command;
    head_.threads = flags.threads;
    head_.recompute = flags.recompute;
    head_.isa = isa_info(runtime_->isa()).name;
    head_.multiply = runtime_->kernels().peak->name;
    head_.model = flags.model;
    head_.input = bench_input(flags.model);
    if (flags.batch) head_.input.batch = *flags.batch;
    if (!flags.image.empty()) set_image(flags.image, head_.input);
  }

  void peak();
  void kernels();
  void net(bool training);
  void comm();

 private:
  // Keeps the best. What is compared with it is measured between two: where others use the machine too, the peak varies.
  void measure_peak(double seconds, int runs) {
    show(0, "peak of the multiply instruction");
    head_.peak_operations = std::max(head_.peak_operations, measure_multiply(*runtime_, seconds, runs));
  }
  void show(double part, const std::string& what) {
    if (bar_.due()) bar_.draw("", part, what, fmt::format("{:.0f} %  {}", 100 * part, what));
  }
  BenchProgress progress() {
    return [this](double part, const std::string& what) { show(part, what); };
  }
  Repeats repeats(int least) const { return {flags_.steps.value_or(0), flags_.seconds, least}; }

  void print_title() {
    bar_.clear();
    const BenchInput& input = head_.input;
    print(out_, "{}, {}x{}x{} images, batch {}, {}, {}\n", printable(head_.model), input.h, input.w, input.c, input.batch,
          plural(head_.threads, "thread"), head_.isa);
    print(out_, "peak: {} G op/s ({})\n", giga(head_.peak_operations), head_.multiply);
  }
  void print_operators(const NetTimes& times);
  void print_layers(const NetTimes& times);
  void print_comm(const CommResult& result, const Network& network);

  void write_json(const std::string& json) {
    flush(out_);
    write_result(flags_.json, json);
  }

  const BenchFlags& flags_;
  std::shared_ptr<Runtime> runtime_;
  std::FILE* out_;
  ProgressBar bar_;
  BenchHead head_;
};

void Bench::peak() {
  constexpr int kRuns = 5;
  measure_peak(flags_.seconds, kRuns);
  show(0.5, "memory");
  const MemoryPeak memory = measure_memory(runtime_->pool(), flags_.seconds, kRuns);
  bar_.clear();
  print(out_, "{}, {}\n", plural(head_.threads, "thread"), head_.isa);
  print(out_, "multiply  {:>10} G op/s  ({}; 2 operations a product)\n", giga(head_.peak_operations), head_.multiply);
  print(out_, "read      {:>10} GB/s    (buffer of {})\n", giga(memory.read), mebibytes(memory.buffer_bytes));
  print(out_, "copy      {:>10} GB/s    (bytes read and written; not the reads that fill the lines written)\n",
        giga(memory.copy));
  write_json(peak_json(head_, memory));
}

void Bench::kernels() {
  const Net net = build_model(head_.model, head_.input.h, head_.input.w, head_.input.c, head_.input.classes);
  measure_peak(0.2, 3);
  const std::vector<ProductTimes> list = measure_products(net, head_.input.batch, *runtime_, repeats(3), progress());
  measure_peak(0.2, 3);
  print_title();
  print(out_, "\n{:<12} {:<36} {:>5}  {:>18}  {:>18}  {:>18}\n", "layer", "shape", "count", "forward", "backward data",
        "backward weights");
  for (const ProductTimes& t : list) {
    print(out_, "{:<12} {:<36} {:>5}", t.name, shape_text(t.product.shape), t.count);
    for (int pass = 0; pass < kProductPasses; ++pass) {
      const double rate = t.seconds[pass] > 0 ? t.operations[pass] / t.seconds[pass] : 0;
      print(out_, "  {:>9} {:>8}", rate > 0 ? giga(rate) : "-", rate > 0 ? percent(rate / head_.peak_operations) : "");
    }
    print(out_, "\n");
  }
  const double seconds = total_seconds(list), operations = total_operations(list);
  print(out_, "\nG op/s and share of the peak. All products of a step: {:.2f} ms, {} G op/s, {} of the peak\n", seconds * 1e3,
        giga(operations / seconds), percent(operations / seconds / head_.peak_operations));
  write_json(products_json(head_, list));
}

void Bench::print_operators(const NetTimes& times) {
  print(out_, "\n{:<22} {:>10} {:>8}\n", "operator", "ms", "share");
  std::vector<size_t> order(kProfileOps);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return times.seconds[a] > times.seconds[b]; });
  for (size_t op : order)
    if (times.seconds[op] > 0)
      print(out_, "{:<22} {:>10.3f} {:>8}\n", profile_op_name(static_cast<ProfileOp>(op)), times.seconds[op] * 1e3,
            percent(times.seconds[op] / times.mean_step_seconds));
}

void Bench::print_layers(const NetTimes& times) {
  std::vector<const LayerTimes*> order;
  for (const LayerTimes& layer : times.layers) order.push_back(&layer);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->total() > b->total(); });
  if (order.size() > kSlowestLayers) order.resize(kSlowestLayers);
  print(out_, "\n{:<22} {:>10} {:>8} {:>10}  {}\n", "slowest layers", "ms", "share", "G op/s", "shape");
  for (const LayerTimes* layer : order)
    print(out_, "{:<22} {:>10.3f} {:>8} {:>10}  {}\n", layer->name, layer->total() * 1e3,
          percent(layer->total() / times.mean_step_seconds),
          layer->operations.all() > 0 ? giga(layer->operations.all() / layer->total()) : "-", layer->shape);
}

void Bench::net(bool training) {
  Net net = build_model(head_.model, head_.input.h, head_.input.w, head_.input.c, head_.input.classes);
  net.recompute(head_.recompute);
  measure_peak(0.2, 3);
  const NetTimes times = measure_net(net, head_.input, training, runtime_, repeats(5), progress());
  measure_peak(0.2, 3);
  const double rate = times.operations / times.step_seconds;
  const std::string speed = fmt::format("{:.1f} images/s", times.images_per_second);
  print_title();
  print(out_, "{}, {} G op/s, {} of the peak (median of {} {}, {:.2f} ms)\n", speed, giga(rate),
        percent(rate / head_.peak_operations), times.steps, training ? "steps" : "passes", times.step_seconds * 1e3);
  print(out_, "memory: {} at most; the net takes {}, of it {} for parameters and momentum\n", mebibytes(peak_memory_bytes()),
        mebibytes(times.planned_bytes), mebibytes(times.parameter_bytes));
  print_operators(times);
  print_layers(times);
  write_json(net_json(head_, times));
  if (flags_.png.empty()) return;
  write_step_chart(flags_.png,
                   fmt::format("{}, batch {}, {}, {}: {}, {} of the peak", head_.model, head_.input.batch,
                               plural(head_.threads, "thread"), head_.isa, speed, percent(rate / head_.peak_operations)),
                   times);
  print(out_, "picture: {}\n", printable(flags_.png));
}

void Bench::print_comm(const CommResult& result, const Network& network) {
  print(out_, "{}, {}x{}x{} images, batch {} on each of {} nodes, {}, {}\n", printable(head_.model), head_.input.h, head_.input.w,
        head_.input.c, head_.input.batch, network.ranks, plural(head_.threads, "thread"), head_.isa);
  print(out_, "network: {} us a message, {} Gbit/s\n\n", flags_.latency, flags_.bandwidth);
  print(out_, "{:<26} {:>12} {:>14} {:>16}\n", "a step sends", "collectives", "bytes", "bytes/parameter");
  int64_t calls = 0, bytes = 0;
  const auto row = [&](const char* name, int64_t c, int64_t b) {
    print(out_, "{:<26} {:>12} {:>14} {:>16.2f}\n", name, c, b, static_cast<double>(b) / static_cast<double>(result.parameters));
  };
  for (int kind = 0; kind < kCommKinds; ++kind) {
    const CommResult::Traffic& traffic = result.traffic[static_cast<size_t>(kind)];
    row(comm_kind_name(static_cast<CommKind>(kind)), traffic.calls, traffic.bytes);
    calls += traffic.calls;
    bytes += traffic.bytes;
  }
  row("all", calls, bytes);
  print(out_, "\n{:<26} {:>12} {:>14} {:>16}\n", "a step takes", "ms", "of it waiting", "efficiency");
  const auto times = [&](const std::string& name, const CommTimes& t) {
    print(out_, "{:<26} {:>12.2f} {:>14.2f} {:>16}\n", name, t.step_seconds * 1e3, t.wait_seconds() * 1e3,
          percent((t.step_seconds - t.wait_seconds()) / t.step_seconds));
  };
  times("alone", replay(result.trace, {network.ranks, 0, 1e30}));
  const bool measured = result.measured.step_seconds > 0;
  if (measured) times("with waits, measured", result.measured);
  times("model", result.model);
  for (const int ranks : kModelNodes)
    times(fmt::format("model of {} nodes", ranks),
          replay(result.trace, {ranks, network.latency_seconds, network.bytes_per_second}));
  std::vector<std::pair<std::string, double>> waits = result.model.waits;
  std::stable_sort(waits.begin(), waits.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (waits.size() > kSlowestLayers) waits.resize(kSlowestLayers);
  print(out_, "\n{:<26} {:>12} {:>14}\n", "longest waits, ms", "model", measured ? "measured" : "");
  for (const auto& [layer, seconds] : waits)
    print(out_, "{:<26} {:>12.3f} {:>14}\n", layer.empty() ? "(net)" : layer, seconds * 1e3,
          measured ? fmt::format("{:.3f}", result.measured.wait_of(layer) * 1e3) : "");
}

void Bench::comm() {
  const Network network{flags_.nodes, flags_.latency * 1e-6, flags_.bandwidth * 1e9 / 8};
  Net net = build_model(head_.model, head_.input.h, head_.input.w, head_.input.c, head_.input.classes);
  CommResult result = measure_comm(net, head_.input, network, flags_.threads, repeats(5), progress());
  bar_.clear();
  if (flags_.compute) {
    result.trace = scaled(std::move(result.trace), *flags_.compute * 1e-3);
    result.model = replay(result.trace, network);
    result.measured = {};  // of this machine
  }
  print_comm(result, network);
  write_json(comm_json(head_, network, result));
}

}  // namespace

void run_bench(BenchKind kind, const BenchFlags& flags) {
  switch (kind) {
    case BenchKind::kPeak:
      Bench("peak", flags).peak();
      break;
    case BenchKind::kKernels:
      Bench("kernels", flags).kernels();
      break;
    case BenchKind::kStep:
      Bench("step", flags).net(true);
      break;
    case BenchKind::kInfer:
      Bench("infer", flags).net(false);
      break;
    case BenchKind::kComm:
      Bench("comm", flags).comm();
      break;
  }
}

}  // namespace intrain::cli
