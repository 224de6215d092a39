// What the fuzzers of both kinds of files with floating-point nets share: a tiny net, whose steps the files are read for.
#pragma once

#include <cstdlib>

#include "core/error.h"
#include "exchange/import/float_net.h"
#include "isa/isa.h"
#include "models/net_file.h"
#include "nn/net.h"
#include "ops/kernels.h"
#include "support/memory_file.h"

namespace intrain::test {

struct FuzzedNet {
  const std::shared_ptr<Runtime> runtime = std::make_shared<Runtime>(ops::make_kernels(Isa::kScalar), 1);
  Net net = build_net(R"(
[[layer]]
type = "conv"
name = "a"
channels = 2
size = 3
pad = 1
[[layer]]
type = "max_pool"
name = "pool"
size = 2
[[layer]]
type = "conv"
name = "b"
channels = 2
size = 1
relu = false
[[layer]]
type = "conv"
input = "pool"
channels = 2
size = 3
pad = 1
add = "b"
[[layer]]
type = "average_pool"
)",
                      "fuzz.toml", 4, 4, 1, 2);
  std::vector<NetStep> steps;

  FuzzedNet() {
    net.prepare(1, true, runtime);
    net.initialize(0);
    steps = net_steps(net, "fuzz.toml");
  }
};

// What `read` accepts has all layers.
template <class Read>
void fuzz_import(const std::string& path, const Read& read) {
  static const FuzzedNet net;
  for (const bool new_head : {false, true}) try {
      const std::vector<FloatLayer> layers = read(path, net.steps, new_head);
      if (layers.size() != 4) std::abort();
      for (size_t i = 0; i + (new_head ? 1 : 0) < layers.size(); ++i)
        if (layers[i].weight.empty()) std::abort();
    } catch (const Error&) {
    }
}

}  // namespace intrain::test
