// The vector intrinsics of x86, for kernel files. INTRAIN_EMULATE_AVX512 (tests/CMakeLists.txt) takes them from SIMDe, which writes
// AVX-512 in terms of what the compiler has: so the bits of the AVX-512 kernels can be tested on any x86 CPU.
#pragma once

#include <cstdint>

#if defined(INTRAIN_EMULATE_AVX512)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>

// What SIMDe 0.7.4 lacks, lane by lane as Intel's manual defines it.
namespace intrain::ops::emulated {

static inline __m128i cvtepi32_epi8(__m512i a) {
  uint32_t lane[16];
  uint8_t low[16];
  __builtin_memcpy(lane, &a, sizeof lane);
  for (int i = 0; i < 16; ++i) low[i] = static_cast<uint8_t>(lane[i]);
  __m128i result;
  __builtin_memcpy(&result, low, sizeof low);
  return result;
}

}  // namespace intrain::ops::emulated
#define _mm512_cvtepi32_epi8 ::intrain::ops::emulated::cvtepi32_epi8

#else
#include <immintrin.h>
#endif
