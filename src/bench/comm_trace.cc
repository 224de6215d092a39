#include "bench/comm_trace.h"

#include <algorithm>
#include <numeric>

namespace intrain {

const char* comm_kind_name(CommKind kind) {
  constexpr const char* kNames[kCommKinds] = {"batch norm sums, forward", "batch norm sums, backward", "maxima of errors",
                                              "gradients"};
  return kNames[static_cast<int>(kind)];
}

CommTrace scaled(CommTrace trace, double compute_seconds) {
  const double factor = compute_seconds / trace.compute_seconds;
  for (CommEvent& event : trace.events) event.at *= factor;
  trace.compute_seconds = compute_seconds;
  return trace;
}

double CommTimes::wait_seconds() const {
  return std::accumulate(waits.begin(), waits.end(), 0.0, [](double sum, const auto& wait) { return sum + wait.second; });
}

double CommTimes::wait_of(const std::string& layer) const {
  const auto found = std::find_if(waits.begin(), waits.end(), [&](const auto& wait) { return wait.first == layer; });
  return found == waits.end() ? 0 : found->second;
}

void CommTimes::add_wait(const std::string& layer, double seconds) {
  const auto found = std::find_if(waits.begin(), waits.end(), [&](const auto& wait) { return wait.first == layer; });
  if (found == waits.end())
    waits.emplace_back(layer, seconds);
  else
    found->second += seconds;
}

void NetworkClock::begin(double now, Channel channel, ReduceOp op, int64_t bytes) {
  Line& line = lines_[static_cast<size_t>(channel)];
  line.free = std::max(line.free, now) + network_.seconds(op, bytes);
  line.done.push_back(line.free);
}

double NetworkClock::end(Channel channel) {
  Line& line = lines_[static_cast<size_t>(channel)];
  const double done = line.done.front();
  line.done.pop_front();
  return done;
}

CommTimes replay(const CommTrace& trace, const Network& network) {
  CommTimes times;
  NetworkClock clock(network);
  double waited = 0;
  std::array<std::deque<const std::string*>, Reducer::kChannels> layers;  // of those under way
  for (const CommEvent& event : trace.events) {
    const double now = event.at + waited;
    auto& under_way = layers[static_cast<size_t>(event.channel)];
    if (!event.is_end) {
      clock.begin(now, event.channel, event.op, event.bytes);
      under_way.push_back(&event.layer);
      continue;
    }
    const double wait = std::max(0.0, clock.end(event.channel) - now);
    waited += wait;
    times.add_wait(*under_way.front(), wait);
    under_way.pop_front();
  }
  times.step_seconds = trace.compute_seconds + waited;
  return times;
}

}  // namespace intrain
