// One rank of many by itself: the others are taken to have the same images, so that every sum is as many times its own, and each maximum its own.
#pragma once

#include <optional>

#include "bench/comm_trace.h"
#include "core/reducer.h"

namespace intrain {

// Rank 0. It counts and times what it reduces, and can let each reduction take as long as a network would.
class EchoRank final : public Reducer {
 public:
  explicit EchoRank(int ranks) : Reducer(0, ranks) {}

  // From now on; none: everything is done at once.
  void set_network(std::optional<Network> network) { network_ = network; }
  // A step begins now.
  void begin_step();
  // It has ended.
  struct Step {
    CommTrace trace;
    CommTimes times;  // as it went
  };
  Step end_step();

 private:
  void start(Channel channel, ReduceOp op, ReduceSpan values) override;
  std::optional<RankFailure> wait(Channel channel) override;
  CommKind kind_of(Channel channel, ReduceOp op) const;
  // Seconds of the step so far, without what counting and multiplying took.
  double now() const;

  std::optional<Network> network_;
  std::optional<NetworkClock> clock_;
  std::array<std::deque<std::string>, kChannels> under_way_;  // their layers
  double began_ = 0, waited_ = 0;                             // seconds; began_: of now() = 0
  Step step_;
};

}  // namespace intrain
