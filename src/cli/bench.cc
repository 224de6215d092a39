#include <fmt/format.h>

#include "cli/bench_run.h"
#include "cli/commands.h"
#include "cli/decimal.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/error.h"
#include "settings/config.h"

namespace intrain::cli {

namespace {

constexpr int kMaxSteps = 1000000;
constexpr double kMaxSeconds = 3600;
constexpr int kMaxNodes = 65536;
constexpr double kMinCompute = 1e-3, kMaxCompute = 1e9, kMaxLatency = 1e6, kMinBandwidth = 0.001, kMaxBandwidth = 1e5;

void check(const BenchFlags& flags) {
  if (flags.batch) validate_batch(*flags.batch);
  validate_threads(flags.threads);
  if (flags.steps && (*flags.steps < 1 || *flags.steps > kMaxSteps))
    throw Error(fmt::format("--steps is {}", *flags.steps), "--steps",
                fmt::format("give a whole number from 1 to {}", kMaxSteps));
  // Written so that not-a-number fails too.
  if (!(flags.seconds > 0 && flags.seconds <= kMaxSeconds))
    throw Error(fmt::format("--seconds is {}", flags.seconds), "--seconds",
                fmt::format("give a number above 0, at most {}", kMaxSeconds));
  if (flags.nodes < 2 || flags.nodes > kMaxNodes)
    throw Error(fmt::format("--nodes is {}", flags.nodes), "--nodes", fmt::format("give a whole number from 2 to {}", kMaxNodes));
  if (!(flags.latency >= 0 && flags.latency <= kMaxLatency))
    throw Error(fmt::format("--latency is {}", flags.latency), "--latency",
                fmt::format("give a number from 0 to {}", kMaxLatency));
  if (!(flags.bandwidth >= kMinBandwidth && flags.bandwidth <= kMaxBandwidth))
    throw Error(fmt::format("--bandwidth is {}", flags.bandwidth), "--bandwidth",
                fmt::format("give a number from {} to {}", kMinBandwidth, kMaxBandwidth));
  if (flags.compute && !(*flags.compute >= kMinCompute && *flags.compute <= kMaxCompute))
    throw Error(fmt::format("--compute is {}", *flags.compute), "--compute",
                fmt::format("give a number from {} to {}", kMinCompute, kMaxCompute));
  check_writable("--json", flags.json);
  check_writable("--png", flags.png);
}

// The flags of all benchmarks of a net.
void add_net(CLI::App& app, BenchFlags& flags) {
  app.add_option("--model", flags.model, "net whose shapes are measured ('intrain info' lists them)")->type_name("NAME");
  add_number(app, "--batch", flags.batch, "images a step; if not given, 128, and 32 for nets of 224x224 images")
      ->type_name("N")
      ->default_str("");
  app.add_option("--image", flags.image, "size of the images; if not given, the one that the model is for")->type_name("HxWxC");
}

CLI::Option* add_seconds(CLI::App& app, BenchFlags& flags, const char* help) {
  return add_number(app, "--seconds", flags.seconds, help)->type_name("S");
}

// Or a number of repeats.
void add_steps(CLI::App& app, BenchFlags& flags, CLI::Option* seconds, const char* help) {
  add_number(app, "--steps", flags.steps, help)->type_name("N")->default_str("")->excludes(seconds);
}

// The flags of one benchmark.
void add_flags(CLI::App& app, BenchKind kind, BenchFlags& flags) {
  switch (kind) {
    case BenchKind::kPeak:
      flags.seconds = 0.2;
      add_seconds(app, flags, "length of a run; the best of 5 counts");
      break;
    case BenchKind::kKernels:
      flags.seconds = 0.2;
      add_net(app, flags);
      add_steps(app, flags, add_seconds(app, flags, "least time for a pass of a shape, and at least 3 repeats"),
                "repeats of a pass of a shape, instead of --seconds");
      break;
    case BenchKind::kStep:
      add_net(app, flags);
      add_steps(app, flags, add_seconds(app, flags, "how long to measure, and at least 5 steps"),
                "steps to measure, instead of --seconds");
      app.add_option("--png", flags.png, "draw the time by operator and layer here")->type_name("FILE");
      add_number(app, "--recompute", flags.recompute,
                 "as of 'intrain train': what batch norm keeps of convolutions of up to N products is computed again")
          ->type_name("N");
      break;
    case BenchKind::kInfer:
      add_net(app, flags);
      add_steps(app, flags, add_seconds(app, flags, "how long to measure, and at least 5 passes"),
                "passes to measure, instead of --seconds");
      break;
    case BenchKind::kComm:
      add_net(app, flags);
      add_number(app, "--nodes", flags.nodes, "ranks that share a step, one a node; --batch is of each")->type_name("N");
      add_number(app, "--latency", flags.latency, "microseconds that a message takes from node to node")->type_name("US");
      add_number(app, "--bandwidth", flags.bandwidth, "Gbit/s that a node sends, and receives at the same time")
          ->type_name("GBIT");
      add_number(
          app, "--compute", flags.compute,
          "milliseconds that a node takes for its step alone, for the model of another machine; if not given, as measured here")
          ->type_name("MS")
          ->default_str("");
      add_steps(app, flags, add_seconds(app, flags, "how long to measure steps without waits, and at least 5"),
                "steps to measure without waits, and as many with them, instead of --seconds");
      break;
  }
  add_threads(app, flags.threads)->description("threads that compute");
  app.add_option("--json", flags.json, "write the result here as JSON; - is standard output, and nothing else is written there")
      ->type_name("FILE|-");
}

}  // namespace

Command add_bench(CLI::App& app) {
  struct Benchmark {
    const char* name;
    BenchKind kind;
    const char* help;
  };
  constexpr Benchmark kBenchmarks[] = {
      {"peak", BenchKind::kPeak, "What the machine does at most: products in registers, bytes from memory"},
      {"kernels", BenchKind::kKernels, "Each matrix product of a net by itself, all passes"},
      {"step", BenchKind::kStep, "Training steps of a net, by operator and layer"},
      {"infer", BenchKind::kInfer, "Forward passes of a net, by operator and layer"},
      {"comm", BenchKind::kComm,
       "What ranks exchange in a training step, and what that costs on a network: by a model, and with waits as long"},
  };
  CLI::App& bench = *app.add_subcommand("bench", "Measure the speed of this machine, of the products, of training steps");
  bench.require_subcommand(0, 1);
  std::vector<Command> commands;
  for (const Benchmark& benchmark : kBenchmarks) {
    const auto flags = std::make_shared<BenchFlags>();
    CLI::App* sub = bench.add_subcommand(benchmark.name, benchmark.help);
    add_flags(*sub, benchmark.kind, *flags);
    commands.push_back({sub, [flags, kind = benchmark.kind] {
                          check(*flags);
                          run_bench(kind, *flags);
                          return 0;
                        }});
  }
  return {&bench, [commands] {
            for (const Command& command : commands)
              if (command.app->parsed()) return command.run();
            throw Error("no benchmark is given", "", "'intrain bench --help' lists them");
          }};
}

}  // namespace intrain::cli
