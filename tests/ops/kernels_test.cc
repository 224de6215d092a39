// Every kernel of every instruction set returns the bits of its reference, on awkward shapes, extreme values and unaligned
// buffers, and writes nothing else.
#include "ops/kernels.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>
#include <type_traits>

#include "ops/kernel_cases.h"
#include "support/isas.h"

namespace intrain::ops::test {
namespace {

// What a kernel returned, as a number; 0 for void.
template <class Kernel, class Params>
int64_t call(Kernel kernel, const Params& params) {
  if constexpr (std::is_void_v<decltype(kernel(params))>) {
    kernel(params);
    return 0;
  } else {
    return static_cast<int64_t>(kernel(params));
  }
}

// Runs both on buffers with different guard bytes. Returns what differs, or nothing.
template <class Case, class Kernel, class Reference>
std::string compare(Kernel kernel, Reference reference, const CaseShape& shape, uint64_t seed, int variant) {
  Arena got(0xA5), expected(0x3C);
  Rng rng_got(seed), rng_expected(seed);
  CaseBuilder build_got(got, shape, rng_got), build_expected(expected, shape, rng_expected);
  const auto params_got = Case::params(build_got, variant);
  const auto params_expected = Case::params(build_expected, variant);
  const int64_t result_expected = call(reference, params_expected);
  const int64_t result_got = call(kernel, params_got);
  std::string problem = got.broken_guard();
  if (problem.empty()) problem = expected.broken_guard();
  if (problem.empty()) problem = got.difference(expected);
  if (problem.empty() && result_got != result_expected)
    problem = "result " + std::to_string(result_got) + " against " + std::to_string(result_expected);
  if (problem.empty()) return {};
  std::ostringstream s;
  s << problem << " (kernel against reference); rows " << shape.rows << ", channels " << shape.channels << ", filled "
    << intrain::test::fill_name(shape.fill) << ", offset " << shape.offset << ", variant " << variant << ", seed " << seed;
  return s.str();
}

template <class Case, class Kernel, class Reference>
void compare_on_awkward_shapes(Kernel kernel, Reference reference) {
  uint64_t seed = 1;
  for (int channels : {1, 3, 7, 8, 15, 16, 17, 31, 33, 48, 64, 100, 511, 512, 513, 700, 1040})
    for (int64_t rows : {0, 1, 2, 13, 37})
      for (Fill fill : intrain::test::kAllFills)
        for (int variant = 0; variant < Case::kVariants; ++variant) {
          if (channels > 100 && variant != static_cast<int>(rows) % Case::kVariants) continue;
          const CaseShape shape{rows, channels, fill, static_cast<int>(seed % 5)};
          const std::string problem = compare<Case>(kernel, reference, shape, seed++, variant);
          ASSERT_EQ(problem, "");
        }
  // More channels than any kernel takes at once.
  for (int variant = 0; variant < Case::kVariants; variant += 3) {
    const std::string problem = compare<Case>(kernel, reference, {3, 4100, Fill::kUniform, 1}, seed++, variant);
    ASSERT_EQ(problem, "");
  }
  // Few channels and many rows: the path over wide rows, with and without a rest.
  for (int channels : {1, 3, 16, 64})
    for (int64_t rows : {511, 512, 1025, 3000})
      for (Fill fill : {Fill::kUniform, Fill::kHigh}) {
        const int variant = static_cast<int>(seed) % Case::kVariants;
        const std::string problem =
            compare<Case>(kernel, reference, {rows, channels, fill, static_cast<int>(seed % 3)}, seed, variant);
        ++seed;
        ASSERT_EQ(problem, "");
      }
}

class KernelEquality : public intrain::test::IsaTest {};
INTRAIN_FOR_ALL_ISAS(KernelEquality);

const char* name_of(Isa isa) { return isa_info(isa).name; }

#define INTRAIN_EQUALS_REFERENCE(name, result, parameter, ...)                                                \
  TEST_P(KernelEquality, name) {                                                                              \
    const Kernels kernels = make_kernels(isa());                                                              \
    EXPECT_TRUE(intrain::test::runs_here(kernels.name##_isa));                                                \
    if (kernels.name##_isa != isa()) GTEST_SKIP() << "the kernel is that of " << name_of(kernels.name##_isa); \
    compare_on_awkward_shapes<name##_case>(kernels.name, name##_reference);                                   \
  }
INTRAIN_KERNELS(INTRAIN_EQUALS_REFERENCE)

// Long reductions of extreme values: past every block in which a kernel may hold 32-bit sums.
TEST_P(KernelEquality, LongSumsDoNotOverflow) {
  const Kernels kernels = make_kernels(isa());
  for (Fill fill : {Fill::kHigh, Fill::kLow}) {
    // More than 512 wide rows of 512 values, and of one value, for the error's sums: 512 * 32767 * 127 is just below 2^31.
    EXPECT_EQ(compare<batch_norm_backward_sums_case>(kernels.batch_norm_backward_sums, batch_norm_backward_sums_reference,
                                                     {512 * 520 + 1, 1, fill, 1}, 1, 0),
              "");
    EXPECT_EQ(compare<batch_norm_backward_sums_case>(kernels.batch_norm_backward_sums, batch_norm_backward_sums_reference,
                                                     {1100, 513, fill, 1}, 2, 0),
              "");
  }
  // More than 2^16 rows of the widest kind that is not gathered: 2^16 * -32767 is just above -2^31.
  EXPECT_EQ(compare<batch_norm_sums_case>(kernels.batch_norm_sums, batch_norm_sums_reference, {66000, 257, Fill::kLow, 1}, 3, 0),
            "");
}

// The longest row there may be, at its largest.
TEST_P(KernelEquality, LongestNorms) {
  const Kernels kernels = make_kernels(isa());
  for (Fill fill : {Fill::kHigh, Fill::kLow})
    EXPECT_EQ(compare<l1_norms_case>(kernels.l1_norms, l1_norms_reference, {2, static_cast<int>(kMaxReduction), fill, 1}, 1, 0),
              "");
}

}  // namespace
}  // namespace intrain::ops::test
