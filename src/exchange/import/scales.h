// What the scales of an imported net's activations are found with.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "exchange/import/float_net.h"
#include "nn/tensor_sink.h"

namespace intrain {

// How often each magnitude of an activation occurs in the evaluations that it is set for.
class Histograms final : public TensorSink {
 public:
  void tensor(const std::string& layer, TensorKind kind, const int8_t* data, int64_t count, int) override;
  void tensor(const std::string& layer, TensorKind, const uint8_t* data, int64_t count, int) override;
  void tensor(const std::string&, TensorKind, const int16_t*, int64_t, int) override {}

  // Share of those of a layer that are `least` or more; 0 for a layer without any.
  double share(const std::string& layer, int least) const;
  bool has(const std::string& layer) const { return counts_.contains(layer); }

 private:
  template <class T>
  void add(const std::string& layer, const T* data, int64_t count);
  std::map<std::string, std::array<int64_t, 256>> counts_;
};

// Values that have one scale: those that are added to one another, and a pool's input and output.
class ScaleGroups {
 public:
  explicit ScaleGroups(const std::vector<NetStep>& steps);
  // The value that stands for the group.
  const Value* of(const Value* v) const;
  // Whether its scale stays 0: of the images, and behind a ReLU6.
  bool fixed(const Value* v) const { return fixed_.contains(of(v)) && fixed_.at(of(v)); }
  // k; of the logits (null): 0.
  int scale(const Value* v) const;
  void add_scale(const Value* v, int by) { scale_[of(v)] += by; }

 private:
  void fix(const Value* v) { fixed_[of(v)] = true; }
  void join(const Value* a, const Value* b);
  std::map<const Value*, const Value*> parent_;
  std::map<const Value*, bool> fixed_;
  std::map<const Value*, int> scale_;
};

}  // namespace intrain
