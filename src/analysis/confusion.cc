#include "analysis/confusion.h"

#include <limits>

#include "core/check.h"

namespace intrain {

namespace {

double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double ClassCounts::precision() const { return ratio(hits, predicted); }
double ClassCounts::recall() const { return ratio(hits, images); }
double ClassCounts::f1() const { return ratio(2 * hits, images + predicted); }

std::vector<ClassCounts> count_classes(const std::vector<uint16_t>& labels, const std::vector<int32_t>& predicted, int classes) {
  CHECK_EQ(labels.size(), predicted.size());
  std::vector<ClassCounts> counts(static_cast<size_t>(classes));
  for (size_t i = 0; i < labels.size(); ++i) {
    ++counts[labels[i]].images;
    ++counts[static_cast<size_t>(predicted[i])].predicted;
    counts[labels[i]].hits += labels[i] == predicted[i];
  }
  return counts;
}

std::vector<ClassCounts> count_classes(const std::vector<int64_t>& matrix, size_t classes) {
  std::vector<ClassCounts> counts(classes);
  for (size_t i = 0; i < classes; ++i)
    for (size_t j = 0; j < classes; ++j) {
      const int64_t n = matrix[i * classes + j];
      counts[i].images += n;
      counts[j].predicted += n;
      if (i == j) counts[i].hits = n;
    }
  return counts;
}

std::vector<int64_t> confusion_matrix(const std::vector<uint16_t>& labels, const std::vector<int32_t>& predicted, int classes) {
  CHECK_EQ(labels.size(), predicted.size());
  CHECK_LE(classes, kMaxConfusionClasses);
  std::vector<int64_t> matrix(static_cast<size_t>(classes) * static_cast<size_t>(classes));
  for (size_t i = 0; i < labels.size(); ++i)
    ++matrix[size_t{labels[i]} * static_cast<size_t>(classes) + static_cast<size_t>(predicted[i])];
  return matrix;
}

}  // namespace intrain
