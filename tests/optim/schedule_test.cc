#include "optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/rng.h"
#include "support/temp_folder.h"

namespace intrain::test {
namespace {

double real(const Scalar10& s) { return std::ldexp(s.mantissa, s.exp); }

constexpr double kPi = 3.14159265358979323846;
constexpr Scalar10 kTenth{819, -13};             // 0.1 with 10 bits
constexpr double kHalfStep = 1.0 / 1024;         // rounding to a mantissa of 10 bits, relative
constexpr double kFactorStep = 1.0 / (1 << 27);  // what 30 fraction bits of the factor leave, absolute

// A mantissa of 10 bits: in [512, 1023], or 0.
void expect_normal(const Scalar10& s) { EXPECT_TRUE(s.mantissa == 0 || (s.mantissa >= 512 && s.mantissa <= 1023)) << s.mantissa; }

TEST(RoundScalar10, IsTheNearestTenBitNumber) {
  Rng rng(1);
  for (int i = 0; i < 100000; ++i) {
    const int64_t value = rng.any_width(62) & std::numeric_limits<int64_t>::max();
    const int exp = static_cast<int>(rng.range(-60, 60));
    const Scalar10 s = round_scalar10(value, exp);
    expect_normal(s);
    const long double got = std::ldexp(static_cast<long double>(s.mantissa), s.exp),
                      want = std::ldexp(static_cast<long double>(value), exp);
    ASSERT_LE(std::abs(got - want), want * kHalfStep) << value << " * 2^" << exp;
  }
}

TEST(RoundScalar10, EdgesAndTies) {
  const auto expect = [](int64_t value, int exp, int mantissa, int result_exp) {
    const Scalar10 s = round_scalar10(value, exp);
    EXPECT_EQ(s.mantissa, mantissa) << value;
    EXPECT_EQ(s.exp, result_exp) << value;
  };
  expect(0, 17, 0, 0);
  expect(1, 0, 512, -9);
  expect(512, 3, 512, 3);
  expect(1023, 3, 1023, 3);
  expect(1024, 0, 512, 1);
  expect(2047, 0, 512, 2);   // up to 1024, so to the next exponent
  expect(2045, 0, 1022, 1);  // a tie, to even
  expect(2043, 0, 1022, 1);
  expect(4094, -2, 512, 1);
}

TEST(Schedule, CosineIsTheRealOne) {
  double worst = 0;
  for (const int64_t total : {1, 2, 3, 10, 999, 1000, 46875, 1000003})
    for (const int64_t warmup : {int64_t{0}, int64_t{1}, total / 10}) {
      if (warmup >= total) continue;
      const Schedule s{ScheduleKind::kCosine, kTenth, total, warmup};
      const int64_t stride = total / 3000 + 1;
      double previous = 1;
      for (int64_t step = warmup; step < total; step += stride) {
        const double want =
            real(kTenth) * (1 + std::cos(kPi * static_cast<double>(step - warmup) / static_cast<double>(total - warmup))) / 2;
        const Scalar10 rate = rate_at(s, step);
        expect_normal(rate);
        const double error = std::abs(real(rate) - want);
        ASSERT_LE(error, want * kHalfStep + real(kTenth) * kFactorStep)
            << "step " << step << " of " << total << ", warm-up " << warmup;
        ASSERT_LE(real(rate), previous) << "never rises: step " << step << " of " << total;
        previous = real(rate);
        worst = std::max(worst, (error - want * kHalfStep) / real(kTenth));
      }
    }
  std::printf("beyond the rounding of the mantissa: %.3g of the base rate at most\n", worst);
  EXPECT_EQ(real(rate_at({ScheduleKind::kCosine, kTenth, 1000, 0}, 0)), real(kTenth));
  EXPECT_EQ(real(rate_at({ScheduleKind::kCosine, kTenth, 1000, 0}, 500)), real(kTenth) / 2);
  EXPECT_EQ(real(rate_at({ScheduleKind::kCosine, kTenth, 1000, 0, 1}, 0)), 0.125) << "one significant bit";
  EXPECT_EQ(real(rate_at({ScheduleKind::kCosine, kTenth, 1000, 0, 3}, 0)), 0.09375);
}

TEST(Schedule, LinearIsTheRealOne) {
  for (const int64_t total : {1, 2, 3, 10, 999, 1000, 46875, 1000003})
    for (const int64_t warmup : {int64_t{0}, total / 10}) {
      const Schedule s{ScheduleKind::kLinear, kTenth, total, warmup};
      for (int64_t step = warmup; step < total; step += total / 1000 + 1) {
        const double want = real(kTenth) * static_cast<double>(total - step) / static_cast<double>(total - warmup);
        ASSERT_LE(std::abs(real(rate_at(s, step)) - want), want * kHalfStep + real(kTenth) * kFactorStep)
            << step << " of " << total;
      }
    }
  EXPECT_EQ(real(rate_at({ScheduleKind::kLinear, kTenth, 1000, 0}, 0)), real(kTenth));
  EXPECT_EQ(real(rate_at({ScheduleKind::kLinear, kTenth, 1000, 0}, 750)), real(kTenth) / 4);
  EXPECT_EQ(real(rate_at({ScheduleKind::kLinear, kTenth, 8, 4}, 7)), real(kTenth) / 4);
}

// 10 of 13 steps after 3 of warm-up, in three parts of 4, 3 and 3: each is a schedule of its own.
TEST(Schedule, RestartsBeginAnew) {
  for (const ScheduleKind kind : {ScheduleKind::kCosine, ScheduleKind::kLinear}) {
    const Schedule s{kind, kTenth, 13, 3, 10, false, 2};
    const int64_t begins[] = {3, 7, 10, 13};
    for (int part = 0; part < 3; ++part)
      for (int64_t step = begins[part]; step < begins[part + 1]; ++step) {
        const Scalar10 alone = rate_at({kind, kTenth, begins[part + 1] - begins[part], 0}, step - begins[part]);
        EXPECT_EQ(rate_at(s, step).mantissa, alone.mantissa) << step;
        EXPECT_EQ(rate_at(s, step).exp, alone.exp) << step;
      }
    for (int64_t step = 0; step < 3; ++step) EXPECT_EQ(rate_at(s, step).mantissa, rate_at({kind, kTenth, 13, 3}, step).mantissa);
    // More restarts than steps: each step is a part.
    for (int64_t step = 0; step < 5; ++step) EXPECT_EQ(real(rate_at({kind, kTenth, 5, 0, 10, false, 1000}, step)), real(kTenth));
  }
}

TEST(Schedule, WarmUpIsLinearAndMeetsTheBase) {
  for (const ScheduleKind kind : {ScheduleKind::kCosine, ScheduleKind::kStep}) {
    const Schedule s{kind, kTenth, 1000, 100};
    for (int64_t step = 0; step < 100; ++step) {
      const double want = real(kTenth) * static_cast<double>(step + 1) / 100;
      ASSERT_NEAR(real(rate_at(s, step)), want, want * kHalfStep + real(kTenth) * kFactorStep) << step;
    }
    EXPECT_EQ(real(rate_at(s, 99)), real(kTenth));
    EXPECT_EQ(real(rate_at(s, 100)), real(kTenth));
  }
  const Schedule all{ScheduleKind::kCosine, kTenth, 10, 10};  // nothing but warm-up
  EXPECT_EQ(real(rate_at(all, 9)), real(kTenth));
}

TEST(Schedule, StepsAtHalfAndThreeQuarters) {
  for (const int64_t total : {1, 2, 3, 4, 7, 100, 101, 102, 103}) {
    const Schedule s{ScheduleKind::kStep, kTenth, total, 0};
    for (int64_t step = 0; step < total; ++step) {
      const double part = static_cast<double>(step) / static_cast<double>(total);
      const double want = real(kTenth) * (part >= 0.75 ? 0.01 : part >= 0.5 ? 0.1 : 1);
      ASSERT_NEAR(real(rate_at(s, step)), want, want * kHalfStep + real(kTenth) * kFactorStep)
          << "step " << step << " of " << total;
    }
  }
}

// 0.05 times 1, 0.12, 0.06, 0.03, 0.03: 25.6, 3.07, 1.54 and 0.77 steps of 2^-9; dr = 128, 128, 32, 8, 2.
TEST(Schedule, WageubnHasFivePhases) {
  const Scalar10 base{819, -14};
  const Schedule fixed{ScheduleKind::kWageubn, base, 1000, 0, 10, true}, wide{ScheduleKind::kWageubn, base, 1000, 0};
  const struct {
    int64_t first, last;
    int rate, range_log2;
    double factor;
  } phases[] = {
      {0, 299, 26, 7, 1}, {300, 599, 3, 7, 0.12}, {600, 799, 2, 5, 0.06}, {800, 899, 1, 3, 0.03}, {900, 999, 1, 1, 0.03}};
  int phase = 0;
  for (const auto& p : phases) {
    for (const int64_t step : {p.first, p.last}) {
      EXPECT_EQ(wageubn_phase(step, 1000), phase);
      EXPECT_EQ(rate_at(fixed, step).mantissa, p.rate) << step;
      EXPECT_EQ(rate_at(fixed, step).exp, -9);
      EXPECT_NEAR(real(rate_at(wide, step)), 0.05 * p.factor, 0.05 * p.factor / 512) << step;
    }
    EXPECT_EQ(wageubn_range_log2(phase, 8), p.range_log2);
    ++phase;
  }
  EXPECT_EQ(wageubn_range_log2(0, 15), 14);
  EXPECT_EQ(wageubn_range_log2(4, 2), 1);
}

TEST(Schedule, TheFixedGridHasEnds) {
  EXPECT_EQ(rate_at({ScheduleKind::kCosine, {1023, -10}, 1000, 0, 10, true}, 0).mantissa, 511);
  EXPECT_EQ(rate_at({ScheduleKind::kCosine, {1023, -10}, 1000, 0, 10, true}, 999).mantissa, 1);
  EXPECT_EQ(rate_at({ScheduleKind::kCosine, {512, -10}, 1000, 0, 4, true}, 0).mantissa, 4);
}

TEST(Schedule, WhatIsNoScheduleIsRefused) {
  const Schedule good{ScheduleKind::kCosine, kTenth, 10, 2};
  const auto refused = [&](const char* setting, const auto& change, int64_t step = 0) {
    Schedule s = good;
    change(s);
    expect_error([&] { rate_at(s, step); }, "", setting);
  };
  refused("epochs", [](Schedule& s) { s.total_steps = 0; });
  refused("epochs", [](Schedule& s) { s.total_steps = kMostScheduleSteps + 1; });
  refused("warmup", [](Schedule& s) { s.warmup_steps = -1; });
  refused("formats.rate", [](Schedule& s) { s.bits = 0; });
  refused("restarts", [](Schedule& s) { s.restarts = -1; });
  refused("restarts", [](Schedule& s) { s.restarts = 1001; });
  refused(
      "epochs", [](Schedule&) {}, -1);
  refused(
      "epochs", [](Schedule&) {}, 10);
}

TEST(Schedule, LongTrainingsDoNotOverflow) {
  const int64_t total = kMostScheduleSteps;
  for (const Scalar10 base : {kTenth, Scalar10{1023, 20}, Scalar10{512, -40}})
    for (const ScheduleKind kind : {ScheduleKind::kCosine, ScheduleKind::kLinear, ScheduleKind::kStep, ScheduleKind::kWageubn})
      for (const int64_t warmup : {int64_t{0}, total / 2 - 1}) {
        const Schedule s{kind, base, total, warmup, 10, false, 1000};
        for (const int64_t step : {int64_t{0}, int64_t{1}, total / 4, total / 2 - 1, total - 1}) {
          EXPECT_GE(rate_at(s, step).mantissa, 0) << step;
          EXPECT_LE(real(rate_at(s, step)), real(base)) << step;
        }
      }
}

}  // namespace
}  // namespace intrain::test
