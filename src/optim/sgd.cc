#include "optim/sgd.h"

#include <algorithm>
#include <array>

#include "base/formats.h"
#include "base/rounding.h"
#include "core/check.h"

namespace intrain {

namespace {

// Calls kernel(part) for chunks of the pass; the largest result: each thread's over its chunks, then that of all threads.
template <class Pass, class Kernel>
uint64_t max_over_chunks(ThreadPool& pool, const Pass& pass, Kernel kernel) {
  constexpr int64_t kChunk = 4096;  // elements: a multiple of 4, as the random numbers come
  CHECK_LE(pool.threads(), kMaxThreads);
  std::array<uint64_t, kMaxThreads> largest;
  std::fill_n(largest.begin(), pool.threads(), 0);
  pool.run((pass.end + kChunk - 1) / kChunk, [&](int64_t chunk, int thread) {
    Pass part = pass;
    part.begin = chunk * kChunk;
    part.end = std::min(pass.end, part.begin + kChunk);
    uint64_t& max = largest[static_cast<size_t>(thread)];
    max = std::max(max, kernel(part));
  });
  return *std::max_element(largest.begin(), largest.begin() + pool.threads());
}

// A kernel without a maximum.
template <class Pass>
auto without_max(void (*kernel)(const Pass&)) {
  return [kernel](const Pass& part) {
    kernel(part);
    return uint64_t{0};
  };
}

void wageubn_update(Parameter& p, const ops::SgdTensor& tensor, ops::SgdStep step, uint64_t grad_max, const ops::Kernels& kernels,
                    ThreadPool& pool) {
  CHECK_LE(step.momentum_bits + 1 - step.rate.exp, -kMasterExp - step.coarse);  // l u lies on the stored grid
  if (!p.is_weight()) step.decay = {};
  ops::WageubnPass pass{tensor, step, p.is_weight(), ops::wageubn_exp(tensor, step, grad_max), 0, 0, tensor.count};
  pass.range = nearest_log2(max_over_chunks(pool, pass, kernels.sgd_wageubn_accumulate));
  max_over_chunks(pool, pass, without_max(kernels.sgd_wageubn_update));
  p.momentum_exp = 1 - step.momentum_bits;
}

}  // namespace

void sgd_update(Parameter& p, const ops::SgdStep& step, const ops::Kernels& kernels, ThreadPool& pool) {
  const ops::SgdTensor tensor{p.count(),      p.master.data(), p.momentum.data(), p.grad.data(),
                              p.momentum_exp, p.grad_exp,      p.grad_bits,       p.number};
  ops::SgdPass pass{tensor, step, {}, 0, 0, p.count()};
  const uint64_t grad_max = max_over_chunks(pool, pass, kernels.sgd_grad_max);
  if (step.range_log2 > 0) return wageubn_update(p, tensor, step, grad_max, kernels, pool);
  pass.scale = ops::sgd_scale(tensor, step, grad_max);
  const auto accumulate = step.nearest_grad ? ops::sgd_accumulate_reference : kernels.sgd_accumulate;
  pass.shift = quantize_shift(max_over_chunks(pool, pass, accumulate), step.momentum_bits);
  max_over_chunks(pool, pass, without_max(kernels.sgd_update));
  p.momentum_exp = pass.scale.exp + pass.shift;
}

}  // namespace intrain
