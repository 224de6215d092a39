#include "isa/isa.h"

#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "core/error.h"

namespace intrain {

const std::vector<IsaInfo>& isa_list() {
  static const std::vector<IsaInfo> list = {
#define INTRAIN_ISA(id, name, needs) {Isa::id, name, needs},
#include "isa/isa.def"
#undef INTRAIN_ISA
  };
  return list;
}

const IsaInfo& isa_info(Isa isa) { return isa_list()[static_cast<size_t>(isa)]; }

#if defined(__x86_64__)
namespace {

// CPUID.(EAX=07H,ECX=1):EAX[4]. Not every compiler's __builtin_cpu_supports knows it.
bool cpu_has_avx_vnni() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || eax < 1) return false;  // eax: the last subleaf
  __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx);
  return (eax >> 4 & 1) != 0;
}

// CPUID.(EAX=07H,ECX=0):EDX[24, 25]: tile registers, products of bytes. Linux hands out their state of 8 KB on request only, for all threads
// of the process.
bool cpu_has_amx() {
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
#endif

bool isa_supported(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return true;
#if defined(__x86_64__)
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2");
    case Isa::kAvxVnni:  // with avx2, that the operating system keeps the ymm registers
      return __builtin_cpu_supports("avx2") && cpu_has_avx_vnni();
    case Isa::kAvx512Vnni:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
    case Isa::kAmx:
      return isa_supported(Isa::kAvx512Vnni) && cpu_has_amx();
#endif
    default:
      return false;
  }
}

std::string cpu_name() {
  char name[49] = {};  // the last byte stays zero
#if defined(__x86_64__)
  // Three leaves of 16 bytes each: "processor brand string".
  constexpr unsigned kFirst = 0x80000002, kLeaves = 3;
  for (unsigned i = 0; i < kLeaves; ++i) {
    unsigned words[4] = {};
    if (__get_cpuid(kFirst + i, &words[0], &words[1], &words[2], &words[3]) == 0) return "";
    std::memcpy(name + i * sizeof words, words, sizeof words);
  }
#endif
  const std::string text = name;
  const size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

Isa isa_by_name(const std::string& name) {
  std::string names;
  for (const IsaInfo& info : isa_list()) {
    if (name == info.name) {
      if (!isa_supported(info.isa))
        throw Error("this CPU does not run the instruction set '" + name + "': it needs " + info.needs, "INTRAIN_ISA",
                    "unset INTRAIN_ISA to take the best one there is ('intrain info' lists them)");
      return info.isa;
    }
    names += (names.empty() ? "" : ", ") + std::string(info.name);
  }
  throw Error("unknown instruction set '" + name + "'", "INTRAIN_ISA", "one of: " + names);
}

Isa select_isa() {
  if (const char* forced = std::getenv("INTRAIN_ISA"); forced != nullptr && *forced != '\0') return isa_by_name(forced);
  Isa best = Isa::kScalar;
  for (const IsaInfo& info : isa_list())
    if (isa_supported(info.isa)) best = info.isa;
  return best;
}

}  // namespace intrain
