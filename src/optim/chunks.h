// Long tensors over the threads, where each element is by itself.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/parallel.h"

namespace intrain {

// Calls f(first, last) for parts of [begin, end), on any thread.
template <class F>
void in_chunks(ThreadPool& pool, int64_t begin, int64_t end, const F& f) {
  constexpr int64_t kChunk = 16384;
  pool.run((end - begin + kChunk - 1) / kChunk, [&](int64_t chunk, int) {
    const int64_t first = begin + chunk * kChunk;
    f(first, std::min(end, first + kChunk));
  });
}

}  // namespace intrain
