// What evaluation and prediction take for a net's logits: those of an image as it is, or the mean of those of several views of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/api.h"
#include "core/batch.h"
#include "nn/net.h"
#include "settings/config.h"

namespace intrain {

// Throws Error, of `setting`, where mirrored images are wanted of those that mean something else in a mirror. mirror: DataSplits::mirror.
INTRAIN_API void check_mirror(bool wanted, bool mirror, const char* setting, const std::string& hint);

// Of which views of an image the mean counts: the settings test_mirror and test_shift.
struct TestViews {
  bool mirror = false;  // itself and its mirror image
  int shift = 0;        // 0: where it is; N: and moved by N pixels to either end of a diagonal

  int log2_weight() const { return (mirror ? 1 : 0) + (shift > 0 ? 2 : 0); }
  bool several() const { return log2_weight() > 0; }
};
INTRAIN_API TestViews views_of(const TrainConfig& config);
// "each image with its mirror image, and both moved by 1 pixel each way"; empty for an image by itself.
INTRAIN_API std::string views_text(const TestViews& views);
// Throws Error where images of h x w pixels have no such views. mirror: DataSplits::mirror. hint: what to do about a mirror.
INTRAIN_API void check_views(const TestViews& views, bool mirror, int h, int w, const std::string& hint);

class INTRAIN_API TestLogits {
 public:
  // views.shift is not below 0, and below the height and the width of the net's images, or Error.
  TestLogits(Net& net, const TestViews& views);

  // Of a batch that Net::evaluate takes: logits() [count][classes], value = logit 2^exp(). Of several views
  //   logit = clamp(sum of weight * logit of the view, +-(2^31 - 1)),  exp = e - log2(sum of the weights)
  // where e is the exponent of each: in evaluation it is a function of the parameters alone. With a shift of N the image where it is has the
  // weight 2, and the image moved by N rows and columns (move_image, data/augment.h), up left and down right, 1 each (as of Jordan, "94% on
  // CIFAR-10 in 3.29 seconds on a single GPU", 2024); with the mirror each of them, and its mirror image, has the weight that it had.
  void evaluate(const Batch& batch);
  const int32_t* logits() const { return views_.several() ? logits_.data() : net_.logits(); }
  const TestViews& views() const { return views_; }
  int exp() const { return net_.logits_exp() - views_.log2_weight(); }

 private:
  void add_view(const Batch& batch, int by, bool mirrored, int weight);

  Net& net_;
  const TestViews views_;
  Batch view_;
  std::vector<int64_t> sums_;
  std::vector<int32_t> logits_;
};

}  // namespace intrain
