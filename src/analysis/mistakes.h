// Where a net is wrong, and most sure of it.
#pragma once

#include <cstdint>
#include <vector>

#include "train/evaluate.h"

namespace intrain {

struct Mistake {
  size_t image;        // in the test set
  int label;           // the true class
  int predicted;       // another one
  double loss;         // -log of the true class's probability
  double probability;  // of the predicted class
};

// The `count` images with the largest loss of those that `result` has wrong, in falling order, of equal ones the first first; all if there
// are fewer. labels: of the images evaluated.
std::vector<Mistake> worst_mistakes(const Evaluation& result, const std::vector<uint16_t>& labels, size_t count);

}  // namespace intrain
