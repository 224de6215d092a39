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
      break;
    case BenchKind::kInfer:
      add_net(app, flags);
      add_steps(app, flags, add_seconds(app, flags, "how long to measure, and at least 5 passes"),
                "passes to measure, instead of --seconds");
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
