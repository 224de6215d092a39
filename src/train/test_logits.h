// What evaluation and prediction take for a net's logits: its own, or with test_mirror the mean of those of an image and of its mirror image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/api.h"
#include "core/batch.h"
#include "nn/net.h"

namespace intrain {

// Throws Error, of `setting`, where mirrored images are wanted of those that mean something else in a mirror. mirror: DataSplits::mirror.
INTRAIN_API void check_mirror(bool wanted, bool mirror, const char* setting, const std::string& hint);

class INTRAIN_API TestLogits {
 public:
  TestLogits(Net& net, bool test_mirror) : net_(net), test_mirror_(test_mirror) {}

  // Of a batch that Net::evaluate takes: logits() [count][classes], value = logit 2^exp(). With test_mirror, of a of the image and b of its mirror
  // image,
  //   logit = clamp(a + b, +-(2^31 - 1)),  exp = e - 1
  // where e is the exponent of both: in evaluation it is a function of the parameters alone.
  void evaluate(const Batch& batch);
  const int32_t* logits() const { return test_mirror_ ? sums_.data() : net_.logits(); }
  bool test_mirror() const { return test_mirror_; }
  int exp() const { return net_.logits_exp() - (test_mirror_ ? 1 : 0); }

 private:
  Net& net_;
  const bool test_mirror_;
  Batch mirrored_;
  std::vector<int32_t> sums_;
};

}  // namespace intrain
