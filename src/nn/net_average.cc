// The exponential average of a net's parameters and running statistics, beside those that are trained.
#include <algorithm>

#include "core/error.h"
#include "nn/net.h"
#include "ops/kernels.h"

namespace intrain {

void Net::keep_average(bool keep) {
  check_not_prepared("average");
  keep_average_ = keep;
}

// Of each layer, as far as it says that they are.
std::vector<StateArray> Net::statistics() {
  std::vector<StateArray> list;
  for (const auto& layer : layers_) layer->state(list);
  std::erase_if(list, [](const StateArray& a) { return a.role != StateRole::kStatistic; });
  return list;
}

std::vector<int> Net::plan_averages() {
  std::vector<int> buffers;
  averages_.clear();
  if (!training_ || !keep_average_) return buffers;
  const int ever = 2 * static_cast<int>(layers_.size()) + 1;
  for (const StateArray& a : statistics()) {
    if (a.type != ElementType::kS64 || a.least < -ops::kMostStatistic || a.most > ops::kMostStatistic)
      throw Error("no average of " + a.name + " is kept", Setting{"average"},
                  "statistics are s64 within +-2^61 (ops/weight_average)");
    buffers.push_back(plan_.add(a.name + ".average", static_cast<size_t>(a.count) * sizeof(int64_t), 0, ever));
    averages_.push_back({a, nullptr});
  }
  return buffers;
}

void Net::bind_averages(const std::vector<int>& buffers) {
  if (!training_ || !keep_average_) return;
  const std::vector<StateArray> now = statistics();
  const auto same = [](const AveragedStatistic& then, const StateArray& a) {
    return then.now.name == a.name && then.now.type == a.type && then.now.count == a.count;
  };
  if (!std::equal(averages_.begin(), averages_.end(), now.begin(), now.end(), same))
    throw Error("a layer has other statistics than it said before its memory was planned", Setting{"average"},
                "leave it out, or let Layer::state() say the same before and after bind()");
  for (size_t i = 0; i < now.size(); ++i)
    averages_[i] = {now[i], reinterpret_cast<int64_t*>(plan_.address(memory_.data(), buffers[i]))};
}

void Net::begin_average() {
  check_prepared();
  for (Parameter* p : parameters_)
    if (!p->average.empty()) std::copy(p->master.begin(), p->master.end(), p->average.begin());
  for (const AveragedStatistic& s : averages_) std::copy_n(s.numbers(), s.now.count, s.average);
}

void Net::update_average(int most_shift, uint64_t seed, int64_t step) {
  if (most_shift < 1 || most_shift > ops::kMostAverageShift || step < 0)
    throw Error("an average of shift " + std::to_string(most_shift) + " at step " + std::to_string(step), Setting{"average"},
                "give 1 to " + std::to_string(ops::kMostAverageShift));
  check_prepared();
  if (!keeps_average()) throw Error("the net keeps no average", Setting{"average"}, "call keep_average() before prepare()");
  const ProfileScope time(profile_, -1, ProfileOp::kUpdate);
  const int shift = ops::average_shift(most_shift, step);
  constexpr int64_t kChunk = 1 << 15;
  for (const Parameter* p : parameters_) {
    const auto count = static_cast<int64_t>(p->average.size());
    runtime_->pool().run((count + kChunk - 1) / kChunk, [&](int64_t chunk, int) {
      runtime_->kernels().weight_average({p->master.data(), p->average.data(), shift, seed, p->number,
                                          static_cast<uint32_t>(step), chunk * kChunk, std::min(count, (chunk + 1) * kChunk)});
    });
  }
  for (const AveragedStatistic& s : averages_) ops::statistics_average_reference(s.numbers(), s.now.count, shift, s.average);
}

void Net::swap_average() {
  if (!keeps_average()) return;
  for (Parameter* p : parameters_)
    if (!p->average.empty()) std::swap_ranges(p->master.begin(), p->master.end(), p->average.begin());
  for (const AveragedStatistic& s : averages_) std::swap_ranges(s.numbers(), s.numbers() + s.now.count, s.average);
  quantize_parameters();
}

}  // namespace intrain
