#include "base/formats.h"
#include "base/random.h"
#include "base/rounding.h"
#include "ops/sgd_momentum/sgd_momentum.h"

namespace intrain::ops {
namespace {

// Random words of consecutive elements, a Philox block at a time.
class Bits {
 public:
  Bits(const SgdTensor& p, const SgdStep& s, RandomUse use) : stream_{s.seed, use, p.tensor, s.step} {}
  uint32_t at(int64_t i) {
    if (i / 4 != block_) {
      block_ = i / 4;
      words_ = stream_.block(static_cast<uint64_t>(block_));
    }
    return words_.word[i % 4];
  }

 private:
  RandomStream stream_;
  int64_t block_ = -1;
  Philox4 words_{};
};

int64_t rounded_gradient(const SgdPass& pass, Bits& bits, int64_t i) {
  const SgdTensor& p = pass.tensor;
  return pass.step.nearest_grad ? quantize(p.grad[i], pass.scale.grad_shift, p.grad_bits)
                                : quantize_stochastic(p.grad[i], pass.scale.grad_shift, p.grad_bits, bits.at(i));
}

// mu m at E.
int64_t momentum_term(const SgdPass& pass, int64_t i) {
  const SgdTensor& p = pass.tensor;
  const Scalar10& mom = pass.step.mom;
  return p.momentum == nullptr ? 0 : scale_pow2(mom.mantissa * p.momentum[i], p.momentum_exp + mom.exp - pass.scale.exp);
}

// v of G; the momentum and W are still the old ones.
int64_t sum(const SgdPass& pass, int64_t i, int64_t g) {
  const SgdTensor& p = pass.tensor;
  const SgdScale& scale = pass.scale;
  const Scalar10& decay = pass.step.decay;
  return momentum_term(pass, i) + scale_pow2(g, p.grad_exp + scale.grad_shift - scale.exp) +
         scale_pow2(int64_t{decay.mantissa} * p.master[i], kMasterExp + decay.exp - scale.exp);
}

// u of v and m'; the momentum is still the old one.
int64_t nesterov_sum(const SgdPass& pass, int64_t v, int64_t i, int64_t m) {
  const Scalar10& mom = pass.step.mom;
  return v - momentum_term(pass, i) + scale_pow2(mom.mantissa * m, mom.exp + pass.shift);
}

}  // namespace

SgdScale sgd_scale(const SgdTensor& p, const SgdStep& s, uint64_t grad_max) {
  const int t = quantize_shift(grad_max, p.grad_bits);
  int top = p.grad_exp + t + p.grad_bits - 1;
  if (s.mom.mantissa != 0 && p.momentum_exp + s.mom.exp + 25 > top) top = p.momentum_exp + s.mom.exp + 25;
  if (s.decay.mantissa != 0 && kMasterExp + s.decay.exp + 41 > top) top = kMasterExp + s.decay.exp + 41;
  return {t, top - 40};
}

uint64_t sgd_grad_max_reference(const SgdGradients& p) {
  uint64_t max = 0;
  for (int64_t i = p.begin; i < p.end; ++i)
    if (magnitude(p.grad[i]) > max) max = magnitude(p.grad[i]);
  return max;
}

void sgd_round_gradient_reference(const SgdPass& pass) {
  Bits bits(pass.tensor, pass.step, RandomUse::kGradient);
  for (int64_t i = pass.begin; i < pass.end; ++i) pass.tensor.grad.set(i, rounded_gradient(pass, bits, i));
}

uint64_t sgd_max_reference(const SgdPass& pass) {
  Bits bits(pass.tensor, pass.step, RandomUse::kGradient);
  uint64_t max = 0;
  for (int64_t i = pass.begin; i < pass.end; ++i) {
    const int64_t v = sum(pass, i, rounded_gradient(pass, bits, i));
    if (magnitude(v) > max) max = magnitude(v);
  }
  return max;
}

uint32_t sgd_rough_reference(const SgdPass& pass) {
  const SgdTensor& p = pass.tensor;
  const SgdRough scale = sgd_rough_scale(pass);
  uint64_t max = 0;
  for (int64_t i = pass.begin; i < pass.end; ++i) {
    const auto g = static_cast<int32_t>(p.grad[i] >> pass.scale.grad_shift);
    const int32_t r = sgd_rough_sum(scale, g, p.momentum == nullptr ? 0 : p.momentum[i], p.master[i]);
    if (magnitude(r) > max) max = magnitude(r);
  }
  return static_cast<uint32_t>(max);
}

uint32_t sgd_update_reference(const SgdPass& pass) {
  const SgdTensor& p = pass.tensor;
  const SgdStep& s = pass.step;
  Bits gradient_bits(p, s, RandomUse::kGradient), momentum_bits(p, s, RandomUse::kMomentum),
      update_bits(p, s, RandomUse::kUpdate);
  const int down = sgd_down(pass);
  uint64_t max = 0;
  for (int64_t i = pass.begin; i < pass.end; ++i) {
    const int64_t v = sum(pass, i, rounded_gradient(pass, gradient_bits, i));
    const int64_t m = quantize_stochastic(v, pass.shift, s.momentum_bits, momentum_bits.at(i));
    const int64_t moved = s.nesterov ? nesterov_sum(pass, v, i, m) : m;
    if (p.momentum != nullptr) p.momentum[i] = static_cast<int16_t>(m);
    p.master[i] = sgd_new_master(p.master[i], s.rate.mantissa * moved, down, s.coarse, update_bits.at(i));
    if (magnitude(p.master[i]) > max) max = magnitude(p.master[i]);
  }
  return static_cast<uint32_t>(max);
}

}  // namespace intrain::ops
