#include "train/metrics.h"

#include <algorithm>
#include <cmath>

namespace intrain {

void Metrics::operator+=(const Metrics& other) {
  count += other.count;
  hits += other.hits;
  loss += other.loss;
}

Metrics measure(const int32_t* logits, int exp, int count, int classes, const int32_t* labels) {
  Metrics m;
  m.count = count;
  for (int i = 0; i < count; ++i) {
    const int32_t* row = logits + int64_t{i} * classes;
    const int64_t best = std::max_element(row, row + classes) - row;
    m.hits += best == labels[i];
    double sum = 0;
    for (int k = 0; k < classes; ++k) sum += std::exp(std::ldexp(static_cast<double>(row[k]) - row[best], exp));
    m.loss += std::log(sum) - std::ldexp(static_cast<double>(row[labels[i]]) - row[best], exp);
  }
  return m;
}

void RunningMean::add(double value) {
  ++seen_;
  mean_ += (value - mean_) / static_cast<double>(std::min<int64_t>(seen_, length_));
}

}  // namespace intrain
