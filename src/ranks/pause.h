#pragma once

#include <sched.h>

#include <chrono>
#include <thread>

namespace intrain {

// Between looks at what is waited for: at first the core is only offered to others, later given up. What a layer waits for is there after some
// microseconds, or late.
class Pause {
 public:
  void operator()() {
    constexpr int kOffers = 2000;
    if (count_ < kOffers) {
      ++count_;
      sched_yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

 private:
  int count_ = 0;
};

}  // namespace intrain
