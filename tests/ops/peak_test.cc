// The peak kernels do the products they are counted for.
#include <gtest/gtest.h>

#include "ops/kernels.h"
#include "support/isas.h"

namespace intrain::ops {
namespace {

class Peak : public intrain::test::IsaTest {};

TEST_P(Peak, SumsTheProductsItIsCountedFor) {
  const PeakKernel& peak = *make_kernels(isa()).peak;
  for (const int64_t iterations : {0, 1, 1000})
    for (const int a : {0, 1, 64, 127})
      for (const int b : {-127, -1, 0, 127}) {
        const uint32_t expected = static_cast<uint32_t>(iterations * peak.products * a * b);
        EXPECT_EQ(peak.multiply({iterations, static_cast<int8_t>(a), static_cast<int8_t>(b)}), expected)
            << peak.name << ", " << iterations << " iterations, " << a << " * " << b;
      }
}

INTRAIN_FOR_ALL_ISAS(Peak);

}  // namespace
}  // namespace intrain::ops
