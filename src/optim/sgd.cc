#include "optim/sgd.h"

#include <algorithm>
#include <array>

#include "base/rounding.h"
#include "core/check.h"

namespace intrain {

void sgd_update(const std::vector<Parameter*>& parameters, const ops::SgdStep& step, ThreadPool& pool) {
  constexpr int64_t kChunk = 4096;  // elements: a multiple of 4, as the random numbers come
  CHECK_LE(pool.threads(), kMaxThreads);
  std::array<uint64_t, kMaxThreads> largest;
  uint32_t number = 0;
  for (Parameter* p : parameters) {
    const int64_t count = p->count();
    ops::SgdTensor tensor{count,           p->master.data(), p->momentum.data(), p->grad.data(),
                          p->momentum_exp, p->grad_exp,      p->grad_bits,       number++};
    const auto each_chunk = [&](const auto& body) {
      largest.fill(0);
      pool.run((count + kChunk - 1) / kChunk, [&](int64_t chunk, int thread) {
        uint64_t& max = largest[static_cast<size_t>(thread)];
        max = std::max(max, body(chunk * kChunk, std::min(count, (chunk + 1) * kChunk)));
      });
      return *std::max_element(largest.begin(), largest.end());
    };
    const uint64_t grad_max =
        each_chunk([&](int64_t begin, int64_t end) { return ops::sgd_grad_max_reference(tensor, begin, end); });
    const ops::SgdScale scale = ops::sgd_scale(tensor, step, grad_max);
    const uint64_t max =
        each_chunk([&](int64_t b, int64_t e) { return ops::sgd_accumulate_reference(tensor, step, scale, b, e); });
    const int shift = quantize_shift(max, 16);
    each_chunk([&](int64_t begin, int64_t end) {
      ops::sgd_update_reference(tensor, step, scale, shift, begin, end);
      return uint64_t{0};
    });
    p->momentum_exp = scale.exp + shift;
  }
}

}  // namespace intrain
