// Which classes a net takes for which.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace intrain {

// Of one class, and exact.
struct ClassCounts {
  int64_t images = 0;     // of the class
  int64_t predicted = 0;  // taken for it
  int64_t hits = 0;       // both
  // 0 .. 1, and not-a-number where there is nothing to divide by.
  double precision() const;  // hits / predicted
  double recall() const;     // hits / images
  double f1() const;         // 2 hits / (images + predicted), the harmonic mean of both
};

// labels and predicted: as many, all below `classes`.
std::vector<ClassCounts> count_classes(const std::vector<uint16_t>& labels, const std::vector<int32_t>& predicted, int classes);

// From the matrix below.
std::vector<ClassCounts> count_classes(const std::vector<int64_t>& matrix, size_t classes);

constexpr int kMaxConfusionClasses = 1000;
// How many images with label i are taken for j, at i * classes + j. classes <= kMaxConfusionClasses.
std::vector<int64_t> confusion_matrix(const std::vector<uint16_t>& labels, const std::vector<int32_t>& predicted, int classes);

}  // namespace intrain
