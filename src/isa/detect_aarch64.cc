#if defined(__aarch64__)

#include <cstdint>

#include "isa/detect.h"

#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace intrain {
namespace {

#if defined(__linux__)

// Older headers lack the names.
constexpr unsigned long kDotProductBit = 1ul << 20, kIdRegistersBit = 1ul << 11;  // AT_HWCAP: asimddp, cpuid
constexpr unsigned long kMatrixBit = 1ul << 13;                                   // AT_HWCAP2: i8mm

bool has_dot_products() { return (getauxval(AT_HWCAP) & kDotProductBit) != 0; }
bool has_matrix_products() { return (getauxval(AT_HWCAP2) & kMatrixBit) != 0; }

// From MIDR_EL1, which Linux reads for programs where it says so.
std::string name_of_core() {
  struct Core {
    uint32_t part;
    const char* name;
  };
  static constexpr Core kCores[] = {
      {0xd03, "Cortex-A53"},  {0xd05, "Cortex-A55"},  {0xd07, "Cortex-A57"},  {0xd08, "Cortex-A72"},  {0xd09, "Cortex-A73"},
      {0xd0a, "Cortex-A75"},  {0xd0b, "Cortex-A76"},  {0xd0c, "Neoverse N1"}, {0xd40, "Neoverse V1"}, {0xd41, "Cortex-A78"},
      {0xd44, "Cortex-X1"},   {0xd46, "Cortex-A510"}, {0xd47, "Cortex-A710"}, {0xd49, "Neoverse N2"}, {0xd4f, "Neoverse V2"},
      {0xd80, "Cortex-A520"}, {0xd81, "Cortex-A720"}};
  if ((getauxval(AT_HWCAP) & kIdRegistersBit) == 0) return "";
  uint64_t midr;
  asm("mrs %0, MIDR_EL1" : "=r"(midr));
  const uint32_t implementer = midr >> 24 & 0xff, part = midr >> 4 & 0xfff;
  if (implementer == 0x41)
    for (const Core& core : kCores)
      if (core.part == part) return core.name;
  constexpr char kDigits[] = "0123456789abcdef";
  return std::string("implementer 0x") + kDigits[implementer >> 4] + kDigits[implementer & 15] + ", part 0x" +
         kDigits[part >> 8] + kDigits[part >> 4 & 15] + kDigits[part & 15];
}

#elif defined(__APPLE__)

bool has_feature(const char* name) {
  int32_t there = 0;
  size_t size = sizeof there;
  return sysctlbyname(name, &there, &size, nullptr, 0) == 0 && there != 0;
}
bool has_dot_products() { return has_feature("hw.optional.arm.FEAT_DotProd"); }
bool has_matrix_products() { return has_feature("hw.optional.arm.FEAT_I8MM"); }

std::string name_of_core() {
  char name[128] = {};
  size_t size = sizeof name - 1;
  return sysctlbyname("machdep.cpu.brand_string", name, &size, nullptr, 0) == 0 ? name : "";
}

#else

bool has_dot_products() { return false; }
bool has_matrix_products() { return false; }
std::string name_of_core() { return ""; }

#endif

}  // namespace

bool cpu_has(Isa isa) {
  switch (isa) {
    case Isa::kNeon:  // part of the architecture
      return true;
    case Isa::kDotprod:
      return has_dot_products();
    case Isa::kI8mm:
      return has_matrix_products();
    default:
      return false;
  }
}

std::string cpu_brand() { return name_of_core(); }

}  // namespace intrain

#endif
