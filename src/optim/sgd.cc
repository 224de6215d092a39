#include "optim/sgd.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/check.h"
#include "core/error.h"
#include "ops/sgd_momentum/update.h"

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
    max = std::max<uint64_t>(max, kernel(part));
  });
  return *std::max_element(largest.begin(), largest.begin() + pool.threads());
}

void check(const SgdStep& step) {
  const auto scalar = [](const Scalar10& s, const char* setting) {
    constexpr int kMostExp = 1000;  // so that sums of exponents stay far from overflowing
    if (s.mantissa < 0 || s.mantissa > 1023 || s.exp < -kMostExp || s.exp > kMostExp)
      throw Error("the number " + std::to_string(s.mantissa) + " * 2^" + std::to_string(s.exp), Setting{setting},
                  "the mantissa is 0 to 1023, as round_scalar10 (optim/schedule.h) gives it");
  };
  scalar(step.rate, "lr");
  scalar(step.mom, "momentum");
  scalar(step.decay, "weight_decay");
  const auto within = [](int value, int least, int most, const char* what, const char* setting) {
    if (value < least || value > most)
      throw Error(std::string(what) + " of " + std::to_string(value), Setting{setting},
                  "give " + std::to_string(least) + " to " + std::to_string(most));
  };
  within(step.momentum_bits, 2, 16, "momentum_bits", "formats.momentum");
  within(step.coarse, 0, 20, "coarse", "formats.w_stored");
  within(step.range_log2, 0, 15, "range_log2", "formats.g");
  within(step.bias_rate_log2, 0, ops::kMostBiasRateLog2, "bias_rate_log2", "bias_lr_log2");
  if (step.nesterov && (ops::takes_wageubn(step) || (step.mom.mantissa != 0 && step.mom.exp > ops::kNesterovMomExp)))
    throw Error("Nesterov's momentum with " + std::string(ops::takes_wageubn(step) ? "WAGEUBN's optimizer" : "one of 1 or more"),
                Setting{"nesterov"}, "take a momentum of a mantissa at 2^-10 or less, and `formats.g_scale`=shift");
  if (step.bias_rate_log2 != 0 && ops::takes_wageubn(step))
    throw Error("WAGEUBN's optimizer has one rate for all", Setting{"bias_lr_log2"},
                "leave it out, or choose `formats.g_scale`=shift");
}

// WAGEUBN's optimizer keeps an accumulator even where its momentum is 0.
void check_momentum(const Parameter& p, const SgdStep& step) {
  if (p.momentum.empty() && p.count() > 0 && (step.mom.mantissa != 0 || ops::takes_wageubn(step)))
    throw Error("a step with momentum, of which " + p.name + " keeps none", Setting{"momentum"},
                "take a momentum of 0 and `g_scale=shift`, or prepare the net with Net::keep_momentum(true)");
}

}  // namespace

// ops::sgd_reference by kernels and threads.
void sgd_update(Parameter& p, const SgdStep& step, const ops::Kernels& kernels, ThreadPool& pool) {
  check(step);
  check_momentum(p, step);
  const ops::SgdTensor tensor{p.count(),      p.master.data(), p.momentum.data(), p.sums(),
                              p.momentum_exp, p.grad_exp,      p.grad_bits,       p.number};
  const uint64_t grad_max =
      p.grad_max ? *p.grad_max : max_over_chunks(pool, ops::SgdGradients{p.sums(), 0, p.count()}, kernels.sgd_grad_max);
  if (ops::takes_wageubn(step)) {
    ops::WageubnPass pass = ops::wageubn_pass(tensor, step, p.is_weight(), grad_max);
    pass.range = ops::wageubn_range(max_over_chunks(pool, pass, kernels.sgd_wageubn_max));
    p.master_max = static_cast<uint32_t>(max_over_chunks(pool, pass, kernels.sgd_wageubn_update));
    p.momentum_exp = ops::wageubn_momentum_exp(step);
    return;
  }
  ops::SgdPass pass = ops::sgd_pass(tensor, ops::sgd_step_of(step, p.role()), grad_max);
  pass.shift = ops::sgd_rough_shift(pass, max_over_chunks(pool, pass, kernels.sgd_rough));
  if (pass.shift < 0) pass.shift = ops::sgd_shift(pass, max_over_chunks(pool, pass, kernels.sgd_max));
  p.master_max = static_cast<uint32_t>(max_over_chunks(pool, pass, kernels.sgd_update));
  if (!p.momentum.empty()) p.momentum_exp = ops::sgd_momentum_exp(pass);
}

}  // namespace intrain
