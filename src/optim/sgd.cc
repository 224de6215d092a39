#include "optim/sgd.h"

#include <algorithm>
#include <array>

#include "base/rounding.h"
#include "core/check.h"

namespace intrain {

void sgd_update(Parameter& p, const ops::SgdStep& step, const ops::Kernels& kernels, ThreadPool& pool) {
  constexpr int64_t kChunk = 4096;  // elements: a multiple of 4, as the random numbers come
  CHECK_LE(pool.threads(), kMaxThreads);
  std::array<uint64_t, kMaxThreads> largest;
  const int64_t count = p.count();
  const ops::SgdTensor tensor{count,          p.master.data(), p.momentum.data(), p.grad.data(),
                              p.momentum_exp, p.grad_exp,      p.grad_bits,       p.number};
  ops::SgdPass pass{tensor, step, {}, 0, 0, count};
  // Each thread's maximum over its chunks, then that of all threads.
  const auto max_over_chunks = [&](auto kernel) {
    std::fill_n(largest.begin(), pool.threads(), 0);
    pool.run((count + kChunk - 1) / kChunk, [&](int64_t chunk, int thread) {
      ops::SgdPass part = pass;
      part.begin = chunk * kChunk;
      part.end = std::min(count, part.begin + kChunk);
      uint64_t& max = largest[static_cast<size_t>(thread)];
      max = std::max(max, kernel(part));
    });
    return *std::max_element(largest.begin(), largest.begin() + pool.threads());
  };
  pass.scale = ops::sgd_scale(tensor, step, max_over_chunks(kernels.sgd_grad_max));
  const auto accumulate = step.nearest_grad ? ops::sgd_accumulate_reference : kernels.sgd_accumulate;
  pass.shift = quantize_shift(max_over_chunks(accumulate), step.momentum_bits);
  max_over_chunks([&](const ops::SgdPass& part) {
    kernels.sgd_update(part);
    return uint64_t{0};
  });
  p.momentum_exp = pass.scale.exp + pass.shift;
}

}  // namespace intrain
