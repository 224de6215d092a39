// What a rank reduces in a training step, and when: from it follows what the step takes on any network.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/network.h"
#include "core/reducer.h"

namespace intrain {

// What reductions are for.
enum class CommKind { kStatistics, kErrors, kScales, kGradients };
constexpr int kCommKinds = 4;
// "batch norm sums, forward" and so on.
const char* comm_kind_name(CommKind kind);

// Something happens on the clock of computing, which stands still while the rank waits.
struct CommEvent {
  double at;  // seconds from the beginning of the step
  Channel channel;
  bool is_end;  // of the channel's oldest reduction under way; else one is begun
  ReduceOp op = ReduceOp::kSum;
  CommKind kind = CommKind::kStatistics;
  int64_t bytes = 0;       // of its span
  std::string layer = {};  // empty: of the net as a whole
};

struct CommTrace {
  std::vector<CommEvent> events;  // of one step, in their order
  double compute_seconds = 0;     // of the step without waits
};

// The same on a machine that computes the step in so many seconds.
CommTrace scaled(CommTrace trace, double compute_seconds);

// One step on a network, as it would go or as it went.
struct CommTimes {
  double step_seconds = 0;
  std::vector<std::pair<std::string, double>> waits;  // seconds by layer, in the order in which layers are first waited for
  double wait_seconds() const;                        // of all layers
  double wait_of(const std::string& layer) const;
  void add_wait(const std::string& layer, double seconds);
};

// When reductions are done by a network that makes those of a channel one after the other; those of the channels do not slow each other.
class NetworkClock {
 public:
  explicit NetworkClock(const Network& network) : network_(network) {}
  void begin(double now, Channel channel, ReduceOp op, int64_t bytes);
  // Of the channel's oldest one: when it is done. Call only with one under way.
  double end(Channel channel);

 private:
  struct Line {
    double free = 0;
    std::deque<double> done;
  };
  const Network network_;
  std::array<Line, Reducer::kChannels> lines_;
};

// The step on that network: computing as in the trace, and waiting for what is not done.
CommTimes replay(const CommTrace& trace, const Network& network);

}  // namespace intrain
