#include "nn/runtime.h"

#include "ops/kernels.h"

namespace intrain {

Runtime::Runtime(int threads, std::unique_ptr<Reducer> reducer)
    : Runtime(ops::make_kernels(select_isa()), threads, available_threads(), std::move(reducer)) {}

Runtime::Runtime(const ops::Kernels& kernels, int threads, int cores, std::unique_ptr<Reducer> reducer)
    : kernels_(std::make_unique<const ops::Kernels>(kernels)),
      pool_(threads, cores),
      reducer_(reducer ? std::move(reducer) : std::make_unique<SingleProcess>()) {}

Runtime::~Runtime() = default;

Isa Runtime::isa() const { return kernels_->isa; }

}  // namespace intrain
