#include "analysis/exponent_tracks.h"

#include <algorithm>
#include <map>
#include <utility>

#include "train/tensor_counts.h"

namespace intrain {

void add_exponents(const NumbersReport& numbers, std::vector<ExponentTrack>& tracks) {
  std::map<std::pair<std::string, std::string>, size_t> known;
  for (size_t i = 0; i < tracks.size(); ++i) known.emplace(std::pair(tracks[i].layer, tracks[i].tensor), i);
  for (const NumbersReport::Tensor& n : numbers.tensors) {
    const auto is_shown = [&](TensorKind kind) { return n.tensor == tensor_name(kind); };
    if (std::none_of(std::begin(kExponentKinds), std::end(kExponentKinds), is_shown)) continue;
    const auto [at, is_new] = known.emplace(std::pair(n.layer, n.tensor), tracks.size());
    if (is_new) tracks.push_back({n.layer, n.tensor, {}, {}});
    ExponentTrack& track = tracks[at->second];
    track.steps.push_back(static_cast<double>(numbers.step));
    track.exps.push_back(n.exp);
  }
}

std::vector<ExponentTrack> read_exponents(const std::string& metrics_path) {
  std::vector<ExponentTrack> tracks;
  read_metrics(metrics_path, [&](const MetricsRecord& record, const std::string&) {
    if (const auto* numbers = std::get_if<NumbersReport>(&record)) add_exponents(*numbers, tracks);
  });
  return tracks;
}

}  // namespace intrain
