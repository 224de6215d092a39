// The gradient of one parameter summed over several batches, for an update after the last.
#pragma once

#include <cstdint>
#include <vector>

#include "base/api.h"
#include "core/parallel.h"
#include "core/parameter.h"

namespace intrain {

// sum 2^exp, exact unless that takes more than 62 bits.
class INTRAIN_API GradientSum {
 public:
  // Adds the parameter's gradient, which must be summed over ranks; |gradient| <= 2^62 (ops/gradient_sum/gradient_sum.h). Throws Error if
  // the parameter has no gradient, or is not as large as that of the first.
  void add(const Parameter& parameter, ThreadPool& pool);
  void clear() { batches_ = 0; }
  // Puts the sum in the parameter's place of the gradient for `update`, and is empty after it. Throws Error unless it holds a sum for the
  // parameter.
  template <class Update>
  void take(Parameter& parameter, const Update& update) {
    check(parameter);
    const std::span<int64_t> before = parameter.grad;
    const std::span<int32_t> before32 = parameter.grad32;
    parameter.grad = sum_;
    parameter.grad32 = {};
    parameter.grad_exp = exp_;
    parameter.grad_max = {};
    update(parameter);
    parameter.grad = before;
    parameter.grad32 = before32;
    batches_ = 0;
  }

 private:
  void check(const Parameter& parameter) const;
  std::vector<int64_t> sum_;
  int exp_ = 0;
  int batches_ = 0;
};

}  // namespace intrain
