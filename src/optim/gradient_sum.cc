#include "optim/gradient_sum.h"

#include <algorithm>

#include "base/rounding.h"
#include "core/atomic_max.h"
#include "core/check.h"

namespace intrain {

namespace {

constexpr int64_t kChunk = 16384;
constexpr int kTermBits = 61;  // two of them stay within 2^62, what the optimizers take

// Calls f(begin, end) for parts of [0, count).
template <class F>
void in_chunks(ThreadPool& pool, int64_t count, const F& f) {
  pool.run((count + kChunk - 1) / kChunk, [&](int64_t chunk, int) { f(chunk * kChunk, std::min(count, (chunk + 1) * kChunk)); });
}

int bits_of(ThreadPool& pool, const int64_t* values, int64_t count) {
  std::atomic<uint64_t> most{0};
  in_chunks(pool, count, [&](int64_t begin, int64_t end) {
    uint64_t part = 0;
    for (int64_t i = begin; i < end; ++i) part = std::max(part, magnitude(values[i]));
    atomic_max(most, part);
  });
  return bit_length(most);
}

}  // namespace

void GradientSum::add(const Parameter& p, ThreadPool& pool) {
  const int64_t count = p.count();
  const int64_t* grad = p.grad.data();
  if (batches_++ == 0) {
    sum_.resize(static_cast<size_t>(count));
    exp_ = p.grad_exp;
    in_chunks(pool, count, [&](int64_t begin, int64_t end) { std::copy(grad + begin, grad + end, sum_.begin() + begin); });
    return;
  }
  CHECK_EQ(static_cast<int64_t>(sum_.size()), count);
  const int exp = std::max({std::min(exp_, p.grad_exp), exp_ + bits_of(pool, sum_.data(), count) - kTermBits,
                            p.grad_exp + bits_of(pool, grad, count) - kTermBits});
  in_chunks(pool, count, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t& sum = sum_[static_cast<size_t>(i)];
      sum = scale_pow2(sum, exp_ - exp) + scale_pow2(grad[i], p.grad_exp - exp);
    }
  });
  exp_ = exp;
}

}  // namespace intrain
