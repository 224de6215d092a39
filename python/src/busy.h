// One user at a time: an object that computes without the GIL must not be entered by a second thread meanwhile.
#pragma once

#include <thread>

#include "errors.h"

namespace intrain::python {

// Of an object; read and written with the GIL held.
class Busy {
 public:
  // While it lives the thread uses the object. `exclusive`: what must not be called by callbacks of itself, such as a fit within a fit.
  class Use {
   public:
    Use(Busy& busy, bool exclusive) : busy_(busy), was_exclusive_(busy.exclusive_) {
      if (busy.depth_ > 0 && busy.user_ != std::this_thread::get_id())
        throw KindError(Error("it is at work in another thread", "", "wait for it, or use an object of this thread's own"),
                        Kind::kBusy);
      if (busy.exclusive_ && exclusive)
        throw KindError(Error("it is at work already", "", "callbacks may look at it, but neither train nor step"), Kind::kBusy);
      busy.user_ = std::this_thread::get_id();
      busy.exclusive_ = was_exclusive_ || exclusive;
      ++busy.depth_;
    }
    ~Use() {
      --busy_.depth_;
      busy_.exclusive_ = was_exclusive_;
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Busy& busy_;
    const bool was_exclusive_;
  };

 private:
  std::thread::id user_;
  int depth_ = 0;
  bool exclusive_ = false;
};

}  // namespace intrain::python
