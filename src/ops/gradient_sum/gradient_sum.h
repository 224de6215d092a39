// The gradients of several batches added up: s at e_s and g at e_g become one sum at
//
//   e = max(min(e_s, e_g), e_s + bit_length(max |s|) - 61, e_g + bit_length(max |g|) - 61)
//   s' = scale_pow2(s, e_s - e) + scale_pow2(g, e_g - e)
//
// So each term is at most 2^61 and the sum 2^62, which is what the optimizers take: exact, unless it takes more than 62 bits. |s|, |g| <= 2^62.
#pragma once

#include <cstdint>

#include "base/exact_sums.h"

namespace intrain::ops {

int gradient_sum_exp(int sum_exp, uint64_t sum_max, int grad_exp, uint64_t grad_max);

// Elements [begin, end). exp: gradient_sum_exp of the true maxima.
struct GradientAdd {
  int64_t* sum;
  ExactSums grad;
  int sum_exp, grad_exp, exp;
  int64_t begin, end;
};
void gradient_add_reference(const GradientAdd& p);

// max |values| over [begin, end).
uint64_t gradient_max_reference(ExactSums values, int64_t begin, int64_t end);

}  // namespace intrain::ops
