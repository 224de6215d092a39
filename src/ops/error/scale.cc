// Per-image exponent arithmetic of E1.
#include "base/formats.h"
#include "base/rounding.h"
#include "ops/error/error.h"

namespace intrain::ops {

ErrorScale error_scale(uint32_t acc_max, int acc_exp, uint32_t addend_max, int addend_exp) {
  if (acc_max == 0 && addend_max == 0) return {acc_exp, 0, 0};
  const int acc_top = acc_exp + bit_length(acc_max), addend_top = addend_exp + bit_length(addend_max);
  int top = acc_max == 0 ? addend_top : acc_top;
  if (addend_max != 0 && addend_top > top) top = addend_top;
  const int exp = top - (addend_max == 0 ? 15 : 14);
  // A zero operand may lie anywhere: its shift is of no consequence.
  return {exp, acc_max == 0 ? 0 : exp - acc_exp, addend_max == 0 ? 0 : exp - addend_exp};
}

int error_top(const int32_t* exp, const int32_t* max, int images) {
  int top = kNoError;
  for (int n = 0; n < images; ++n)
    if (max[n] != 0 && exp[n] + bit_length(static_cast<uint32_t>(max[n])) > top)
      top = exp[n] + bit_length(static_cast<uint32_t>(max[n]));
  return top;
}

int32_t error_max(const int32_t* max, int images) {
  int32_t largest = 0;
  for (int n = 0; n < images; ++n)
    if (max[n] > largest) largest = max[n];
  return largest;
}

}  // namespace intrain::ops
