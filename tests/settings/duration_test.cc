#include "settings/duration.h"

#include <gtest/gtest.h>

namespace intrain {
namespace {

TEST(Duration, Texts) {
  EXPECT_EQ(duration_text(0), "0:00");
  EXPECT_EQ(duration_text(65.4), "1:05");
  EXPECT_EQ(duration_text(7384), "2:03:04");
}

}  // namespace
}  // namespace intrain
