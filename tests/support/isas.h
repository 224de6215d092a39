// Tests over every instruction set: GTEST_SKIP where this CPU lacks it.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "isa/isa.h"

namespace intrain::test {

class IsaTest : public testing::TestWithParam<IsaInfo> {
 protected:
  void SetUp() override {
    if (!isa_supported(GetParam().isa)) GTEST_SKIP() << "this CPU has no " << GetParam().name;
  }
  Isa isa() const { return GetParam().isa; }
};

inline std::string isa_test_name(const testing::TestParamInfo<IsaInfo>& info) { return info.param.name; }

}  // namespace intrain::test

#define INTRAIN_FOR_ALL_ISAS(suite) \
  INSTANTIATE_TEST_SUITE_P(Isas, suite, testing::ValuesIn(::intrain::isa_list()), ::intrain::test::isa_test_name)
