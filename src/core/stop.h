// What ends long work before its time.
#pragma once

#include <atomic>

#include "core/error.h"

namespace intrain {

// Between its parts: throws Error once *stop is not 0. stop may be null.
inline void check_stop(const std::atomic<int>* stop) {
  if (stop != nullptr && *stop != 0) throw Error("it was stopped before its end", "", "begin it anew");
}

}  // namespace intrain
