#include "base/rounding.h"
#include "ops/gradient_sum/gradient_sum.h"

namespace intrain::ops {

int gradient_sum_exp(int sum_exp, uint64_t sum_max, int grad_exp, uint64_t grad_max) {
  constexpr int kTermBits = 61;
  int exp = sum_exp < grad_exp ? sum_exp : grad_exp;
  if (sum_exp + bit_length(sum_max) - kTermBits > exp) exp = sum_exp + bit_length(sum_max) - kTermBits;
  if (grad_exp + bit_length(grad_max) - kTermBits > exp) exp = grad_exp + bit_length(grad_max) - kTermBits;
  return exp;
}

void gradient_add_reference(const GradientAdd& p) {
  for (int64_t i = p.begin; i < p.end; ++i)
    p.sum[i] = scale_pow2(p.sum[i], p.sum_exp - p.exp) + scale_pow2(p.grad[i], p.grad_exp - p.exp);
}

uint64_t gradient_max_reference(ExactSums values, int64_t begin, int64_t end) {
  uint64_t max = 0;
  for (int64_t i = begin; i < end; ++i)
    if (magnitude(values[i]) > max) max = magnitude(values[i]);
  return max;
}

}  // namespace intrain::ops
