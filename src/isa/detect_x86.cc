#if defined(__x86_64__)

#include <cpuid.h>

#include <cstring>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "isa/detect.h"

namespace intrain {
namespace {

// CPUID.(EAX=07H,ECX=1):EAX[4]. Not every compiler's __builtin_cpu_supports knows it.
bool has_avx_vnni() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || eax < 1) return false;  // eax: the last subleaf
  __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx);
  return (eax >> 4 & 1) != 0;
}

// CPUID.(EAX=07H,ECX=0):EDX[24, 25]: tile registers, products of bytes. Linux hands out their state of 8 KB on request only, for all threads
// of the process.
bool has_amx() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (edx >> 24 & 3) != 3) return false;
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
#else
  return false;
#endif
}

}  // namespace

bool cpu_has(Isa isa) {
  switch (isa) {
    case Isa::kAvx2:  // and that the operating system keeps the ymm registers
      return __builtin_cpu_supports("avx2");
    case Isa::kAvxVnni:
      return has_avx_vnni();
    case Isa::kAvx512Vnni:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
    case Isa::kAmx:
      return has_amx();
    default:
      return false;
  }
}

std::string cpu_brand() {
  char name[49] = {};  // the last byte stays zero
  // Three leaves of 16 bytes each: "processor brand string".
  constexpr unsigned kFirst = 0x80000002, kLeaves = 3;
  for (unsigned i = 0; i < kLeaves; ++i) {
    unsigned words[4] = {};
    if (__get_cpuid(kFirst + i, &words[0], &words[1], &words[2], &words[3]) == 0) return "";
    std::memcpy(name + i * sizeof words, words, sizeof words);
  }
  return name;
}

}  // namespace intrain

#endif
