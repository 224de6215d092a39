// Tests over every instruction set: GTEST_SKIP where this CPU lacks it. In the binary that emulates their kernels (tests/CMakeLists.txt) over
// those that have some, on any CPU.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "isa/isa.h"

namespace intrain::test {

#if defined(INTRAIN_EMULATED)
inline std::vector<IsaInfo> isas_to_test() {
  std::vector<IsaInfo> emulated;
  for (const IsaInfo& info : isa_list())
    if (std::string(info.architecture) != "any") emulated.push_back(info);
  return emulated;
}
constexpr const char* kTestNameSuffix = "_emulated";
inline bool runs_here(Isa) { return true; }
#else
inline std::vector<IsaInfo> isas_to_test() { return isa_list(); }
constexpr const char* kTestNameSuffix = "";
inline bool runs_here(Isa isa) { return isa_supported(isa); }
#endif

class IsaTest : public testing::TestWithParam<IsaInfo> {
 protected:
  void SetUp() override {
    if (!runs_here(GetParam().isa)) GTEST_SKIP() << "this CPU has no " << GetParam().name;
  }
  Isa isa() const { return GetParam().isa; }
};

inline std::string isa_test_name(const testing::TestParamInfo<IsaInfo>& info) {
  return std::string(info.param.name) + kTestNameSuffix;
}

}  // namespace intrain::test

#define INTRAIN_FOR_ALL_ISAS(suite) \
  INSTANTIATE_TEST_SUITE_P(Isas, suite, testing::ValuesIn(::intrain::test::isas_to_test()), ::intrain::test::isa_test_name)
