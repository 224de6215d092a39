#include "train/test_logits.h"

#include <cstddef>

#include "base/rounding.h"
#include "core/error.h"
#include "data/augment.h"

namespace intrain {

void check_mirror(bool wanted, bool mirror, const char* setting, const std::string& hint) {
  if (wanted && !mirror) throw Error("these images mean something else in a mirror", Setting{setting}, hint);
}

namespace {

constexpr int32_t sum_of_logits(int32_t a, int32_t b) {
  return static_cast<int32_t>(clamp(int64_t{a} + b, -int64_t{INT32_MAX}, INT32_MAX));
}
static_assert(sum_of_logits(INT32_MAX, 1) == INT32_MAX && sum_of_logits(-INT32_MAX, -2) == -INT32_MAX &&
              sum_of_logits(3, -5) == -2);

}  // namespace

void TestLogits::evaluate(const Batch& batch) {
  net_.evaluate(batch);
  if (!test_mirror_) return;
  const int64_t count = int64_t{batch.count} * net_.classes();
  sums_.assign(net_.logits(), net_.logits() + count);
  const int exp = net_.logits_exp();
  mirrored_.count = batch.count;
  mirrored_.first = batch.first;
  mirrored_.total = batch.total;
  mirrored_.images.resize(batch.images.size());
  mirror_rows(batch.images.data(), int64_t{batch.count} * net_.height(), net_.width(), net_.channels(), mirrored_.images.data());
  net_.evaluate(mirrored_);
  if (net_.logits_exp() != exp)
    throw Error("logits whose exponent depends on the images", Setting{"test_mirror"},
                "let no layer's evaluate() choose it by what it sees, or leave out `test_mirror`");
  for (int64_t i = 0; i < count; ++i) {
    int32_t& sum = sums_[static_cast<size_t>(i)];
    sum = sum_of_logits(sum, net_.logits()[i]);
  }
}

}  // namespace intrain
