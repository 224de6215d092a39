// What nets compute with: kernels, threads, and who else takes part.
#pragma once

#include <memory>

#include "base/api.h"
#include "core/parallel.h"
#include "core/reducer.h"
#include "isa/isa.h"

namespace intrain {

namespace ops {
struct Kernels;
}

// Owned by all that compute with it: a net holds the one that it was prepared with. Nets may share one, but compute one at a time.
class INTRAIN_API Runtime {
 public:
  // With the best instruction set, or that of INTRAIN_ISA, and so many threads. reducer: null for a process by itself. Throws Error if the
  // instruction set is not to be had, or not so many threads.
  explicit Runtime(int threads, std::unique_ptr<Reducer> reducer = nullptr);
  // With these kernels; cores: as of ThreadPool.
  Runtime(const ops::Kernels& kernels, int threads, int cores = available_threads(), std::unique_ptr<Reducer> reducer = nullptr);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  Isa isa() const;
  const ops::Kernels& kernels() const { return *kernels_; }
  ThreadPool& pool() { return pool_; }
  Reducer& reducer() { return *reducer_; }

 private:
  std::unique_ptr<const ops::Kernels> kernels_;
  ThreadPool pool_;
  std::unique_ptr<Reducer> reducer_;
};

}  // namespace intrain
