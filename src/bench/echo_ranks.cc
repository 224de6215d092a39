#include "bench/echo_ranks.h"

#include <chrono>
#include <cstring>
#include <string_view>
#include <thread>

#include "bench/setup.h"
#include "core/packed_integer.h"
#include "core/slice.h"

namespace intrain {

namespace {

// A sleep ends late by about so much: the rest is waited for awake.
constexpr double kAwakeSeconds = 2e-4;

// Modulo 2^bits, as sums are.
template <class Integer>
void multiply(void* values, const Slice& slice, int factor) {
  auto* v = static_cast<Integer*>(values) + slice.first;
  for (int64_t i = 0; i < slice.count; ++i) v[i] = static_cast<Integer>(v[i] * static_cast<Integer>(factor));
}

void multiply24(void* values, const Slice& slice, int factor) {
  for (int64_t i = slice.first; i < slice.first + slice.count; ++i)
    store_packed<3>(values, i, load_packed<3>(values, i) * static_cast<uint64_t>(factor));
}

void multiply(const ReduceSpan& values, const Slice& slice, int factor) {
  switch (values.type) {
    case ReduceSpan::Type::kS8:
      return multiply<uint8_t>(values.data, slice, factor);
    case ReduceSpan::Type::kS16:
      return multiply<uint16_t>(values.data, slice, factor);
    case ReduceSpan::Type::kS24:
      return multiply24(values.data, slice, factor);
    case ReduceSpan::Type::kS32:
      return multiply<uint32_t>(values.data, slice, factor);
    case ReduceSpan::Type::kS64:
      return multiply<uint64_t>(values.data, slice, factor);
  }
}

}  // namespace

double EchoRank::now() const { return seconds_now() - began_; }

void EchoRank::begin_step() {
  step_ = {};
  began_ = seconds_now();
  waited_ = 0;
  clock_.reset();
  if (network_) clock_.emplace(*network_);
}

EchoRank::Step EchoRank::end_step() {
  step_.times.step_seconds = now();
  step_.trace.compute_seconds = step_.times.step_seconds - waited_;
  return std::move(step_);
}

CommKind EchoRank::kind_of(Channel channel, ReduceOp op) const {
  if (channel == Channel::kGradients) return CommKind::kGradients;
  if (op == ReduceOp::kMax) return CommKind::kScales;
  return pass() != nullptr && std::string_view(pass()) == "backward" ? CommKind::kErrors : CommKind::kStatistics;
}

void EchoRank::start(Channel channel, ReduceOp op, ReduceSpan values) {
  const double here = now();
  const Slice mine = slice_of(values.count, rank(), ranks());
  if (op == ReduceOp::kSum) multiply(values, {0, values.count}, ranks());
  if (op == ReduceOp::kScatteredSum) multiply(values, mine, ranks());
  // What the others' slices would hold is not known: nothing.
  if (op == ReduceOp::kGather) {
    const int64_t mine_bytes = mine.count * ReduceSpan::bytes_of(values.type);
    std::memset(static_cast<char*>(values.data) + mine_bytes, 0, static_cast<size_t>(values.bytes() - mine_bytes));
  }
  const std::string place = layer() != nullptr ? layer() : "";
  step_.trace.events.push_back({here - waited_, channel, false, op, kind_of(channel, op), values.bytes(), place});
  under_way_[static_cast<size_t>(channel)].push_back(place);
  if (clock_) clock_->begin(here, channel, op, values.bytes());
  began_ += now() - here;
}

std::optional<RankFailure> EchoRank::wait(Channel channel) {
  const double here = now();
  step_.trace.events.push_back({here - waited_, channel, true});
  if (clock_) {
    const double done = clock_->end(channel);
    if (done - here > kAwakeSeconds) std::this_thread::sleep_for(std::chrono::duration<double>(done - here - kAwakeSeconds));
    while (now() < done) {
    }
  }
  const double wait = now() - here;
  waited_ += wait;
  std::deque<std::string>& under_way = under_way_[static_cast<size_t>(channel)];
  step_.times.add_wait(under_way.front(), wait);
  under_way.pop_front();
  return {};
}

}  // namespace intrain
