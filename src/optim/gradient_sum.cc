#include "optim/gradient_sum.h"

#include <algorithm>

#include "core/atomic_max.h"
#include "core/error.h"
#include "ops/gradient_sum/gradient_sum.h"
#include "optim/chunks.h"

namespace intrain {

namespace {

uint64_t max_of(ThreadPool& pool, ExactSums values, int64_t count) {
  std::atomic<uint64_t> most{0};
  in_chunks(pool, 0, count,
            [&](int64_t begin, int64_t end) { atomic_max(most, ops::gradient_max_reference(values, begin, end)); });
  return most;
}

}  // namespace

void GradientSum::check(const Parameter& p) const {
  if (batches_ == 0 || static_cast<int64_t>(sum_.size()) != p.count())
    throw Error("there is no sum of gradients for parameter " + p.name, "", "add() those of the same parameter first");
}

void GradientSum::add(const Parameter& p, ThreadPool& pool) {
  const int64_t count = p.count();
  const ExactSums grad = p.sums();
  if (static_cast<int64_t>(p.grad.size() + p.grad32.size()) != count)
    throw Error("parameter " + p.name + " has no gradient", "", "prepare() its net for training, and do not freeze it");
  if (batches_++ == 0) {
    sum_.resize(static_cast<size_t>(count));
    exp_ = p.grad_exp;
    in_chunks(pool, 0, count, [&](int64_t begin, int64_t end) {
      grad.visit([&](const auto* g) { std::copy(g + begin, g + end, sum_.begin() + begin); });
    });
    return;
  }
  check(p);
  const uint64_t max = p.grad_max ? *p.grad_max : max_of(pool, grad, count);
  const int exp = ops::gradient_sum_exp(exp_, max_of(pool, sum_.data(), count), p.grad_exp, max);
  in_chunks(pool, 0, count, [&](int64_t begin, int64_t end) {
    ops::gradient_add_reference({sum_.data(), grad, exp_, p.grad_exp, exp, begin, end});
  });
  exp_ = exp;
}

}  // namespace intrain
