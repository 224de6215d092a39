// Loss and accuracy from integer logits. Floating point is for reading only: nothing here flows back into training. All sums are of integers,
// so that they are the same in any order.
#pragma once

#include <cstdint>
#include <vector>

#include "base/api.h"
#include "base/loss_format.h"

namespace intrain {

// Sums over images, so that batches of different sizes add up.
struct INTRAIN_API Metrics {
  int64_t count = 0;
  int64_t hits = 0;       // the largest logit is the label's; of equal ones the first counts
  int64_t top5_hits = 0;  // it is among the five largest; of equal ones the first count
  int64_t loss = 0;       // sum of the images' image_loss, each rounded to kLossExp and at most kMostLoss

  void operator+=(const Metrics& other);
  double mean_loss() const;
  double accuracy() const { return count == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(count); }  // 0 .. 1
  double top5_accuracy() const { return count == 0 ? 0 : static_cast<double>(top5_hits) / static_cast<double>(count); }
};

// -log softmax[label], natural logarithm, of one image. logits [classes], value = logit * 2^exp.
INTRAIN_API double image_loss(const int32_t* logits, int exp, int classes, int label);

// logits [count][classes], value = logit * 2^exp.
INTRAIN_API Metrics measure(const int32_t* logits, int exp, int count, int classes, const int32_t* labels);

struct ClassScore {
  int label;
  int32_t logit;
  double probability;  // softmax of all logits, 0 .. 1
};

// The `top` largest logits of one image in falling order, of equal ones the first first; all if there are fewer. logits [classes], value =
// logit * 2^exp.
INTRAIN_API std::vector<ClassScore> top_classes(const int32_t* logits, int exp, int classes, int top);

// A running mean in which a value's weight falls by 1 - 1 / length with each later one; the plain mean of the first `length`
// values.
class INTRAIN_API RunningMean {
 public:
  explicit RunningMean(int length) : length_(length) {}
  void add(double value);
  double value() const { return mean_; }

 private:
  int length_;
  int64_t seen_ = 0;
  double mean_ = 0;
};

}  // namespace intrain
