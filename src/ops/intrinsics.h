// The vector and tile intrinsics of the target's architecture, for kernel files. INTRAIN_EMULATE_VNNI (tests/CMakeLists.txt) takes those of x86
// from SIMDe, which writes them in terms of what the compiler has, INTRAIN_EMULATE_NEON those of ARM: so the bits of their kernels can be tested on
// CPUs without them.
#pragma once

#include <cstdint>

#if defined(INTRAIN_EMULATE_VNNI)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>
#define _mm256_dpbusd_avx_epi32 simde_mm256_dpbusd_epi32  // SIMDe 0.7.4 has the name of the EVEX form only

// What SIMDe 0.7.4 lacks, lane by lane as Intel's manual defines it.
namespace intrain::ops::emulated {

static inline __m512i cvtepu8_epi16(__m256i a) {
  uint8_t lane[32];
  uint16_t wide[32];
  __builtin_memcpy(lane, &a, sizeof lane);
  for (int i = 0; i < 32; ++i) wide[i] = lane[i];
  __m512i result;
  __builtin_memcpy(&result, wide, sizeof result);
  return result;
}
// From a count of 32 on, the sign.
static inline __m512i srav_epi32(__m512i a, __m512i count) {
  int32_t lane[16];
  uint32_t by[16];
  __builtin_memcpy(lane, &a, sizeof lane);
  __builtin_memcpy(by, &count, sizeof by);
  for (int i = 0; i < 16; ++i) lane[i] >>= by[i] > 31 ? 31 : by[i];
  __builtin_memcpy(&a, lane, sizeof lane);
  return a;
}
static inline __m512i sra_epi32(__m512i a, __m128i count) {
  uint64_t by;
  __builtin_memcpy(&by, &count, sizeof by);
  return srav_epi32(a, _mm512_set1_epi32(by > 31 ? 31 : static_cast<int32_t>(by)));
}

}  // namespace intrain::ops::emulated
#undef _mm512_madd_epi16  // its alias has two parameters too many
#define _mm512_madd_epi16 simde_mm512_madd_epi16
#define _mm512_cvtepu8_epi16 ::intrain::ops::emulated::cvtepu8_epi16
#define _mm512_srav_epi32 ::intrain::ops::emulated::srav_epi32
#define _mm512_sra_epi32 ::intrain::ops::emulated::sra_epi32

#include "ops/amx_emulation.h"

#elif defined(INTRAIN_EMULATE_NEON)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>

// What SIMDe 0.7.4 lacks, lane by lane as ARM's manual defines it.
namespace intrain::ops::emulated {

// c[i][j] + the sum over 8 of a[i][k] b[j][k]. Calls, as many are in a tile.
template <class A>
[[gnu::noinline]] static int32x4_t multiply_2x8_8x2(int32x4_t c, A a, int8x16_t b) {
  int32_t sum[4];
  __builtin_memcpy(sum, &c, sizeof sum);
  for (int i = 0; i < 32; ++i) sum[i / 8] += a[i / 16 * 8 + i % 8] * b[i % 16];
  __builtin_memcpy(&c, sum, sizeof sum);
  return c;
}
[[gnu::noinline, maybe_unused]] static int32x4_t dot_mixed(int32x4_t c, uint8x16_t a, int8x16_t b) {
  for (int i = 0; i < 16; ++i) c[i / 4] += a[i] * b[i];
  return c;
}

}  // namespace intrain::ops::emulated
#define vmmlaq_s32 ::intrain::ops::emulated::multiply_2x8_8x2
#define vusmmlaq_s32 ::intrain::ops::emulated::multiply_2x8_8x2
#define vusdotq_s32 ::intrain::ops::emulated::dot_mixed

#elif defined(__x86_64__)
#include <immintrin.h>

#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace intrain::ops {

// What was written before is in memory, and what p holds is not known: g++ 12 takes instructions of AMX for ones that read no memory and
// write at most 8 bytes.
static inline void compiler_fence([[maybe_unused]] void* p) { asm volatile("" : : "r"(p) : "memory"); }

// What the vector v holds is not known.
template <class Register>
static inline void hide(Register& v) {
#if defined(INTRAIN_EMULATE_VNNI) || defined(INTRAIN_EMULATE_NEON)
  asm volatile("" : "+m"(v));
#elif defined(__x86_64__)
  asm volatile("" : "+v"(v));
#elif defined(__aarch64__)
  asm volatile("" : "+w"(v));
#endif
}

}  // namespace intrain::ops
