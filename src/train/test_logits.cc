#include "train/test_logits.h"

#include <algorithm>
#include <cstddef>

#include "base/rounding.h"
#include "core/error.h"
#include "core/text.h"
#include "data/augment.h"

namespace intrain {

void check_mirror(bool wanted, bool mirror, const char* setting, const std::string& hint) {
  if (wanted && !mirror) throw Error("these images mean something else in a mirror", Setting{setting}, hint);
}

TestViews views_of(const TrainConfig& config) { return {config.test_mirror, config.test_shift}; }

std::string views_text(const TestViews& views) {
  if (!views.several()) return "";
  const std::string moved = "moved by " + plural(views.shift, "pixel") + " each way";
  if (!views.mirror) return "each image also " + moved;
  return "each image with its mirror image" + (views.shift > 0 ? ", and both " + moved : "");
}

namespace {

void check_shift(const TestViews& views, int h, int w) {
  if (views.shift < 0)
    throw Error("a shift of " + plural(views.shift, "pixel"), Setting{"test_shift"}, "give 0 for none, or more");
  if (views.shift >= std::min(h, w))
    throw Error("images of " + std::to_string(h) + "x" + std::to_string(w) + " pixels have no reflection to be moved by " +
                    plural(views.shift, "pixel"),
                Setting{"test_shift"}, "give less than their height and their width");
}

constexpr int32_t logit_of_sum(int64_t sum) { return static_cast<int32_t>(clamp(sum, -int64_t{INT32_MAX}, INT32_MAX)); }
static_assert(logit_of_sum(int64_t{8} * INT32_MAX) == INT32_MAX && logit_of_sum(int64_t{-8} * INT32_MAX) == -INT32_MAX &&
              logit_of_sum(-2) == -2);

}  // namespace

void check_views(const TestViews& views, bool mirror, int h, int w, const std::string& hint) {
  check_mirror(views.mirror, mirror, "test_mirror", hint);
  check_shift(views, h, w);
}

TestLogits::TestLogits(Net& net, const TestViews& views) : net_(net), views_(views) {
  check_shift(views, net.height(), net.width());
}

void TestLogits::add_view(const Batch& batch, int by, bool mirrored, int weight) {
  const int h = net_.height(), w = net_.width(), c = net_.channels();
  const bool as_it_is = by == 0 && !mirrored;
  if (!as_it_is) {
    view_.count = batch.count;
    view_.first = batch.first;
    view_.total = batch.total;
    view_.images.resize(batch.images.size());
    const int64_t size = int64_t{h} * w * c;
    for (int64_t i = 0; i < batch.count; ++i)
      move_image(batch.images.data() + i * size, h, w, c, by, mirrored, view_.images.data() + i * size);
  }
  const int exp = net_.logits_exp();
  net_.evaluate(as_it_is ? batch : view_);
  if (!as_it_is && net_.logits_exp() != exp)
    throw Error("logits whose exponent depends on the images", Setting{views_.mirror ? "test_mirror" : "test_shift"},
                "let no layer's evaluate() choose it by what it sees, or leave out `test_mirror` and `test_shift`");
  for (size_t i = 0; i < sums_.size(); ++i) sums_[i] += int64_t{weight} * net_.logits()[i];
}

void TestLogits::evaluate(const Batch& batch) {
  if (!views_.several()) {
    net_.evaluate(batch);
    return;
  }
  sums_.assign(static_cast<size_t>(int64_t{batch.count} * net_.classes()), 0);
  // The weights add up to 8 at most.
  for (const bool mirrored : {false, true}) {
    if (mirrored && !views_.mirror) continue;
    add_view(batch, 0, mirrored, views_.shift > 0 ? 2 : 1);
    if (views_.shift == 0) continue;
    add_view(batch, views_.shift, mirrored, 1);
    add_view(batch, -views_.shift, mirrored, 1);
  }
  logits_.resize(sums_.size());
  std::transform(sums_.begin(), sums_.end(), logits_.begin(), logit_of_sum);
}

}  // namespace intrain
