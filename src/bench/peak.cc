#include "bench/peak.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "core/buffer.h"
#include "ops/kernels.h"

namespace intrain {

namespace {

// Keeps a result that nobody reads.
template <class T>
void keep(T value) {
  asm volatile("" : : "r"(value) : "memory");
}

// Calls body(amount) with growing amounts until one call takes long enough to be timed, then returns the most of `rate` units an
// amount a second over `runs` calls of about `seconds`.
template <class Body>
double best_rate(double seconds, int runs, const Body& body) {
  int64_t amount = 1;
  double spent = 0;
  for (;; amount *= 4) {
    const double start = seconds_now();
    body(amount);
    spent = seconds_now() - start;
    if (spent >= std::min(0.02, seconds)) break;
  }
  amount = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(amount) * seconds / spent));
  double best = 0;
  for (int run = 0; run < runs; ++run) {
    const double start = seconds_now();
    body(amount);
    best = std::max(best, static_cast<double>(amount) / (seconds_now() - start));
  }
  return best;
}

// Memory is handed to the threads in pieces of this.
constexpr int64_t kPieceBytes = int64_t{1} << 20;
constexpr int64_t kPieceWords = kPieceBytes / 8;

// 4 times the last-level cache, within 256 and 512 MiB.
int64_t memory_buffer_bytes() {
  const int64_t cache = std::max<int64_t>(0, sysconf(_SC_LEVEL3_CACHE_SIZE));
  return std::clamp<int64_t>(4 * cache, 256 * kPieceBytes, 512 * kPieceBytes) / kPieceBytes * kPieceBytes;
}

uint64_t* words(AlignedBuffer& buffer, int64_t piece) { return reinterpret_cast<uint64_t*>(buffer.data()) + piece * kPieceWords; }

}  // namespace

double measure_multiply(Runtime& runtime, double seconds, int runs) {
  ThreadPool& pool = runtime.pool();
  const ops::PeakKernel& peak = *runtime.kernels().peak;
  // Several tasks a thread: one that the system holds up does not hold up the rest.
  const int64_t tasks = int64_t{8} * pool.threads();
  const double iterations = best_rate(seconds, runs, [&](int64_t n) {
    pool.run(tasks, [&](int64_t, int) { keep(peak.multiply({n, 3, 5})); });
  });
  return 2 * iterations * static_cast<double>(tasks) * static_cast<double>(peak.products);
}

MemoryPeak measure_memory(ThreadPool& pool, double seconds, int runs) {
  MemoryPeak result{};
  result.buffer_bytes = memory_buffer_bytes();
  const int64_t pieces = result.buffer_bytes / kPieceBytes;
  AlignedBuffer from(static_cast<size_t>(result.buffer_bytes)), to(static_cast<size_t>(result.buffer_bytes));
  // Written by the threads first: pages of zeros would all be the same one.
  pool.run(pieces, [&](int64_t piece, int) {
    std::fill_n(words(from, piece), kPieceWords, uint64_t{1});
    std::fill_n(words(to, piece), kPieceWords, uint64_t{2});
  });
  const double bytes = static_cast<double>(result.buffer_bytes);
  result.read = bytes * best_rate(seconds, runs, [&](int64_t rounds) {
                  pool.run(rounds * pieces, [&](int64_t task, int) {
                    const uint64_t* p = words(from, task % pieces);
                    uint64_t sum[8] = {};
                    for (int64_t i = 0; i < kPieceWords; i += 8)
                      for (int j = 0; j < 8; ++j) sum[j] ^= p[i + j];
                    keep(sum[0] ^ sum[1] ^ sum[2] ^ sum[3] ^ sum[4] ^ sum[5] ^ sum[6] ^ sum[7]);
                  });
                });
  result.copy = 2 * bytes * best_rate(seconds, runs, [&](int64_t rounds) {
                  pool.run(rounds * pieces, [&](int64_t task, int) {
                    const uint64_t* p = words(from, task % pieces);
                    uint64_t* q = words(to, task % pieces);
                    // Not an exact copy: that would become a memcpy, which goes round the cache.
                    for (int64_t i = 0; i < kPieceWords; ++i) q[i] = p[i] ^ 1;
                  });
                });
  return result;
}

}  // namespace intrain
