#include "optim/gradient_sum.h"

#include <algorithm>

#include "core/atomic_max.h"
#include "core/error.h"
#include "ops/gradient_sum/gradient_sum.h"
#include "optim/chunks.h"

namespace intrain {

namespace {

uint64_t max_of(ThreadPool& pool, const int64_t* values, int64_t count) {
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
  const int64_t* grad = p.grad.data();
  if (static_cast<int64_t>(p.grad.size()) != count)
    throw Error("parameter " + p.name + " has no gradient", "", "prepare() its net for training, and do not freeze it");
  if (batches_++ == 0) {
    sum_.resize(static_cast<size_t>(count));
    exp_ = p.grad_exp;
    in_chunks(pool, 0, count, [&](int64_t begin, int64_t end) { std::copy(grad + begin, grad + end, sum_.begin() + begin); });
    return;
  }
  check(p);
  const int exp = ops::gradient_sum_exp(exp_, max_of(pool, sum_.data(), count), p.grad_exp, max_of(pool, grad, count));
  in_chunks(pool, 0, count, [&](int64_t begin, int64_t end) {
    ops::gradient_add_reference({sum_.data(), grad, exp_, p.grad_exp, exp, begin, end});
  });
  exp_ = exp;
}

}  // namespace intrain
