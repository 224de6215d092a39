#include "train/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace intrain {

namespace {

// The softmax's denominator where its largest numerator is 1.
double softmax_sum(const int32_t* logits, int exp, int classes, int32_t largest) {
  double sum = 0;
  for (int k = 0; k < classes; ++k) sum += std::exp(std::ldexp(static_cast<double>(logits[k]) - largest, exp));
  return sum;
}

}  // namespace

void Metrics::operator+=(const Metrics& other) {
  count += other.count;
  hits += other.hits;
  loss += other.loss;
  top5_hits += other.top5_hits;
}

double Metrics::mean_loss() const {
  return count == 0 ? 0 : std::ldexp(static_cast<double>(loss), kLossExp) / static_cast<double>(count);
}

double image_loss(const int32_t* logits, int exp, int classes, int label) {
  const int32_t largest = *std::max_element(logits, logits + classes);
  return std::log(softmax_sum(logits, exp, classes, largest)) - std::ldexp(static_cast<double>(logits[label]) - largest, exp);
}

Metrics measure(const int32_t* logits, int exp, int count, int classes, const int32_t* labels) {
  Metrics m;
  m.count = count;
  for (int i = 0; i < count; ++i) {
    const int32_t* row = logits + int64_t{i} * classes;
    const int label = labels[i];
    int before = 0;  // classes that come before the label's
    for (int k = 0; k < classes; ++k) before += row[k] > row[label] || (row[k] == row[label] && k < label);
    m.hits += before == 0;
    m.top5_hits += before < 5;
    const double loss = std::ldexp(image_loss(row, exp, classes, label), -kLossExp);
    m.loss += static_cast<int64_t>(std::nearbyint(std::min(loss, static_cast<double>(kMostLoss))));
  }
  return m;
}

std::vector<ClassScore> top_classes(const int32_t* logits, int exp, int classes, int top) {
  std::vector<int> order(static_cast<size_t>(classes));
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + std::min(top, classes);
  std::partial_sort(order.begin(), end, order.end(),
                    [&](int a, int b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  const int32_t largest = logits[order[0]];
  const double sum = softmax_sum(logits, exp, classes, largest);
  std::vector<ClassScore> scores;
  for (auto at = order.begin(); at != end; ++at)
    scores.push_back({*at, logits[*at], std::exp(std::ldexp(static_cast<double>(logits[*at]) - largest, exp)) / sum});
  return scores;
}

void RunningMean::add(double value) {
  ++seen_;
  mean_ += (value - mean_) / static_cast<double>(std::min<int64_t>(seen_, length_));
}

}  // namespace intrain
