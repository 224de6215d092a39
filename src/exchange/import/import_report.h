// What became of the numbers of an imported net, for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace intrain {

struct ImportedLayer {
  std::string name, source;
  int scale_log2 = 0;     // k of the outputs
  double saturated = 0;   // share of the outputs, at that scale
  bool measured = false;  // else: `saturated` is not known
};

struct ImportReport {
  std::vector<ImportedLayer> layers;  // those that learn
  int64_t clamped = 0;                // stored numbers beyond what they can hold
  int64_t gamma_beyond = 0;           // channels whose gamma or beta was brought within +-127/64
  int64_t beta_beyond = 0;
  bool estimated = false;  // batch norm was folded
};

}  // namespace intrain
