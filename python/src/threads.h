// How many threads compute where no number is given.
#pragma once

namespace intrain::python {

// The smallest of what the process may use (core/parallel.h) and INTRAIN_NUM_THREADS. Throws Error if that is no number.
int default_threads();

inline int threads_or_default(int threads) { return threads == 0 ? default_threads() : threads; }

}  // namespace intrain::python
