// vpmaddwd and vpaddd, as the register tile: 16 products the pair. 12 accumulators cover the latency.
// In assembly: a compiler sees that all products are equal.
#include "ops/intrinsics.h"
#include "ops/peak/peak.h"

namespace intrain::ops::avx2 {
namespace {

constexpr int kAccumulators = 12;

}  // namespace

static uint32_t peak_multiply(const PeakArgs& p) {
  __m256i acc[kAccumulators];
#pragma GCC unroll 12
  for (int r = 0; r < kAccumulators; ++r) acc[r] = _mm256_setzero_si256();
  const __m256i a = _mm256_set1_epi16(p.a);
  const __m256i b = _mm256_set1_epi16(p.b);
  for (int64_t i = 0; i < p.iterations; ++i) {
#pragma GCC unroll 12
    for (int r = 0; r < kAccumulators; ++r) {
      __m256i product;
      asm volatile("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(acc[r]), "=&x"(product) : "x"(a), "x"(b));
    }
  }
  __m256i total = acc[0];
#pragma GCC unroll 12
  for (int r = 1; r < kAccumulators; ++r) total = _mm256_add_epi32(total, acc[r]);
  uint32_t lanes[8], sum = 0;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), total);
  for (uint32_t lane : lanes) sum += lane;
  return sum;
}

extern const PeakKernel kPeak;
const PeakKernel kPeak = {"vpmaddwd and vpaddd, ymm", kAccumulators * 16, peak_multiply};

}  // namespace intrain::ops::avx2
