#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "cli/commands.h"
#include "cli/output.h"
#include "core/parallel.h"
#include "core/version.h"
#include "isa/isa.h"
#include "models/models.h"
#include "ops/kernels.h"

namespace intrain::cli {

namespace {

// The operators outside ops/kernels.def: their one implementation is the scalar reference, called by nn/ and optim/ directly.
constexpr const char* kScalarOnly[] = {"softmax_xent", "rescale_bias"};

void print_kernel(const char* kernel, Isa isa, Isa selected) {
  const std::string why = isa == selected ? "" : fmt::format("  ({} has no kernel of its own)", isa_info(selected).name);
  print("  {:<30} {}{}\n", kernel, isa_info(isa).name, why);
}

int run() {
  const Isa selected = select_isa();
  const ops::Kernels kernels = ops::make_kernels(selected);
  const char* forced = std::getenv("INTRAIN_ISA");

  print("intrain {}\n", kVersion);
  print("threads: {} available\n", available_threads());
  print("instruction sets:\n");  // two blanks, the name, "yes" or "no": scripts read it
  for (const IsaInfo& info : isa_list()) {
    std::string text = "yes";
    if (!isa_supported(info.isa)) text = fmt::format("no   this CPU or its operating system lacks {}", info.needs);
    if (info.isa == selected)
      text +=
          fmt::format("  <- selected{}", forced != nullptr && *forced != '\0' ? " by INTRAIN_ISA" : ": the best one there is");
    print("  {:<12} {}\n", info.name, text);
  }
  print("kernels:\n");
  if (kernels.tile != nullptr)
    print("  {:<30} {}  (tile {}: {} products and {} lanes an instruction)\n", "matrix product, convolution",
          isa_info(selected).name, kernels.tile->name, kernels.tile->depth, kernels.tile->lanes);
  else
    print_kernel("matrix product, convolution", Isa::kScalar, selected);
#define INTRAIN_PRINT(name, result, parameter, ...) print_kernel(#name, kernels.name##_isa, selected);
  INTRAIN_KERNELS(INTRAIN_PRINT)
#undef INTRAIN_PRINT
  for (const char* name : kScalarOnly) print("  {:<30} {}  (no vector kernel)\n", name, isa_info(Isa::kScalar).name);
  print("models:");
  for (const std::string& name : model_names()) print(" {}", name);
  print("\n");
  return 0;
}

}  // namespace

Command add_info(CLI::App& app) {
  return {app.add_subcommand("info", "Show the CPU's instruction sets and which kernel runs for each operator"),
          [] { return run(); }, OnRanks::kEach};
}

}  // namespace intrain::cli
