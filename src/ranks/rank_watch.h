// Who keeps whom waiting: each rank says now and then how far it is, to ranks 0 and 1.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace intrain {

// What a rank says.
struct Beat {
  int64_t begun[3] = {};  // reductions, by channel
  int64_t failed = 0;     // not 0: it ends, and has told why
};

class RankWatch {
 public:
  using Clock = std::chrono::steady_clock;

  RankWatch(int rank, int ranks, int64_t patience_ms);

  // To whom this rank says it, and whether it is time to.
  std::vector<int> listeners() const;
  bool is_due(Clock::time_point now);
  void hear(int from, const Beat& beat, Clock::time_point now);

  // This rank waits for reduction `number` of a channel, or no more.
  void wait_for(int channel, int64_t number, Clock::time_point now);
  void wait_no_more() { channel_ = -1; }
  int channel() const { return channel_; }  // -1: none
  Clock::time_point waits_since() const { return since_; }

  // What is to be said about a wait by now: nothing; a line, once, after the patience; or that it has failed, after ten times that, and eleven times
  // on a rank that listens to nobody.
  struct Word {
    bool failed = false;
    int rank = 0;  // that is waited for
    std::string line;
  };
  // name: of a rank. what: that is waited for. The line is empty but on the rank that is to tell.
  Word word(Clock::time_point now, const std::function<std::string(int)>& name, const std::string& what);

 private:
  bool is_silent(int rank, Clock::time_point now) const;

  int rank_, ranks_;
  std::chrono::milliseconds patience_, beat_;
  struct Heard {
    Beat beat;
    Clock::time_point when;
  };
  std::vector<Heard> heard_;  // by rank, where this one listens
  Clock::time_point sent_;
  int channel_ = -1;  // that is waited on; -1: none
  int64_t number_ = 0;
  Clock::time_point since_;
  bool told_ = false;
};

}  // namespace intrain
