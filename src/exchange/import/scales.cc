#include "exchange/import/scales.h"

#include <cstdlib>
#include <numeric>

namespace intrain {

void Histograms::tensor(const std::string& layer, TensorKind kind, const int8_t* data, int64_t count, int) {
  if (kind == TensorKind::kA) add(layer, data, count);
}

void Histograms::tensor(const std::string& layer, TensorKind, const uint8_t* data, int64_t count, int) {
  add(layer, data, count);
}

double Histograms::share(const std::string& layer, int least) const {
  const auto at = counts_.find(layer);
  if (at == counts_.end()) return 0;
  const auto from = at->second.begin() + least;
  return static_cast<double>(std::accumulate(from, at->second.end(), int64_t{0})) /
         static_cast<double>(std::accumulate(at->second.begin(), at->second.end(), int64_t{0}));
}

template <class T>
void Histograms::add(const std::string& layer, const T* data, int64_t count) {
  auto& counts = counts_[layer];
  for (int64_t i = 0; i < count; ++i) ++counts[static_cast<size_t>(std::abs(int{data[i]}))];
}

ScaleGroups::ScaleGroups(const std::vector<NetStep>& steps) {
  fix(steps.front().in);
  for (const NetStep& step : steps) {
    if (step.out == nullptr) continue;
    if (step.relu6) fix(step.out);
    if (step.shortcut != nullptr) join(step.shortcut, step.out);
    if (!step.learns()) join(step.in, step.out);
  }
}

const Value* ScaleGroups::of(const Value* v) const {
  for (auto at = parent_.find(v); at != parent_.end(); at = parent_.find(v)) v = at->second;
  return v;
}

int ScaleGroups::scale(const Value* v) const {
  const auto at = v == nullptr ? scale_.end() : scale_.find(of(v));
  return at == scale_.end() ? 0 : at->second;
}

void ScaleGroups::join(const Value* a, const Value* b) {
  const Value *x = of(a), *y = of(b);
  if (x == y) return;
  parent_[x] = y;
  if (fixed_[x]) fixed_[y] = true;
}

}  // namespace intrain
