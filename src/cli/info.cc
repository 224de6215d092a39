#include <fmt/format.h>

#include <cstdlib>

#include "cli/commands.h"
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
  fmt::print("  {:<30} {}{}\n", kernel, isa_info(isa).name, why);
}

}  // namespace

int info_command() {
  const Isa selected = select_isa();
  const ops::Kernels kernels = ops::make_kernels(selected);
  const char* forced = std::getenv("INTRAIN_ISA");

  fmt::print("intrain {}\n", kVersion);
  fmt::print("threads: {} available\n", available_threads());
  fmt::print("instruction sets:\n");
  for (const IsaInfo& info : isa_list()) {
    std::string text = "yes";
    if (!isa_supported(info.isa)) text = fmt::format("no   this CPU or its operating system lacks {}", info.needs);
    if (info.isa == selected)
      text +=
          fmt::format("  <- selected{}", forced != nullptr && *forced != '\0' ? " by INTRAIN_ISA" : ": the best one there is");
    fmt::print("  {:<12} {}\n", info.name, text);
  }
  fmt::print("kernels:\n");
  if (kernels.tile != nullptr)
    fmt::print("  {:<30} {}  (tile {}: {} products and {} lanes an instruction)\n", "matrix product, convolution",
               isa_info(selected).name, kernels.tile->name, kernels.tile->k_unit, kernels.tile->lanes);
  else
    print_kernel("matrix product, convolution", Isa::kScalar, selected);
#define INTRAIN_KERNEL(name, result, parameter) print_kernel(#name, kernels.name##_isa, selected);
#include "ops/kernels.def"
#undef INTRAIN_KERNEL
  for (const char* name : kScalarOnly) fmt::print("  {:<30} {}  (no vector kernel)\n", name, isa_info(Isa::kScalar).name);
  fmt::print("models:");
  for (const std::string& name : model_names()) fmt::print(" {}", name);
  fmt::print("\n");
  return 0;
}

}  // namespace intrain::cli
