#include "core/profile.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace intrain {
namespace {

TEST(Profile, SumsByLayerAndOperator) {
  Profile profile;
  profile.add(2, ProfileOp::kPool, 5);
  profile.add(0, ProfileOp::kNormalizeForward, 7);
  profile.add(0, ProfileOp::kConvForward, 11);
  profile.add(2, ProfileOp::kPool, 6);
  profile.add(-1, ProfileOp::kUpdate, 3);
  const std::vector<Profile::Row> rows = profile.rows();
  ASSERT_EQ(rows.size(), 4u);
  const Profile::Row expected[] = {{-1, ProfileOp::kUpdate, 3, 1},
                                   {0, ProfileOp::kConvForward, 11, 1},
                                   {0, ProfileOp::kNormalizeForward, 7, 1},
                                   {2, ProfileOp::kPool, 11, 2}};
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].layer, expected[i].layer) << i;
    EXPECT_EQ(rows[i].op, expected[i].op) << i;
    EXPECT_EQ(rows[i].nanoseconds, expected[i].nanoseconds) << i;
    EXPECT_EQ(rows[i].calls, expected[i].calls) << i;
  }
  profile.begin();
  EXPECT_TRUE(profile.rows().empty());
}

TEST(Profile, ScopeAddsItsLifetimeOnce) {
  Profile profile;
  { ProfileScope scope(&profile, 4, ProfileOp::kLinear); }
  ASSERT_EQ(profile.rows().size(), 1u);
  EXPECT_EQ(profile.rows()[0].layer, 4);
  EXPECT_EQ(profile.rows()[0].op, ProfileOp::kLinear);
  EXPECT_EQ(profile.rows()[0].calls, 1);
  EXPECT_GE(profile.rows()[0].nanoseconds, 0);
  { ProfileScope off(nullptr, 4, ProfileOp::kLinear); }
  EXPECT_EQ(profile.rows()[0].calls, 1);
}

TEST(Profile, NamesDiffer) {
  std::set<std::string> names;
  for (int op = 0; op < kProfileOps; ++op) names.insert(profile_op_name(static_cast<ProfileOp>(op)));
  EXPECT_EQ(names.size(), size_t{kProfileOps});
}

}  // namespace
}  // namespace intrain
