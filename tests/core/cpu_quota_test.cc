#include "core/cpu_quota.h"

#include <gtest/gtest.h>

#include <climits>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temp_folder.h"

namespace intrain {
namespace {

constexpr const char* kV2Mount = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kV1Mounts =
    "25 24 0:22 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "26 24 0:23 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "27 24 0:24 / /sys/fs/cgroup/cpu,cpuacct rw shared:7 - cgroup cgroup rw,cpu,cpuacct\n";

// A file system of the few files that matter.
class CpuQuotaTest : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& text) const {
    const std::filesystem::path to = root_.path() + path;
    std::filesystem::create_directories(to.parent_path());
    std::ofstream(to) << text;
  }
  void put_process(const std::string& groups, const std::string& mounts) const {
    put("/proc/self/cgroup", groups);
    put("/proc/self/mountinfo", "22 1 254:1 / / rw - ext4 /dev/vda1 rw\n" + mounts);
  }
  void put_v1(const std::string& dir, const std::string& quota, const std::string& period) const {
    put(dir + "/cpu.cfs_quota_us", quota + "\n");
    put(dir + "/cpu.cfs_period_us", period + "\n");
  }
  int quota() const { return cpu_quota(root_.path()); }

  const test::TempFolder root_;
};

TEST_F(CpuQuotaTest, NoFilesSetNoLimit) {
  EXPECT_EQ(quota(), INT_MAX);
  put_process("0::/a\n", kV2Mount);
  EXPECT_EQ(quota(), INT_MAX);
}

TEST_F(CpuQuotaTest, Version2RoundsUp) {
  put_process("0::/a\n", kV2Mount);
  const struct {
    const char* text;
    int cores;
  } cases[] = {{"50000 100000\n", 1},  {"100000 100000\n", 1},  {"100001 100000\n", 2},
               {"250000 100000\n", 3}, {"1000 1000000\n", 1},   {"max 100000\n", INT_MAX},
               {"", INT_MAX},          {"x 100000\n", INT_MAX}, {"0 100000\n", INT_MAX},
               {"50000\n", INT_MAX},   {"-1 5\n", INT_MAX},     {"50000 0\n", INT_MAX},
               {"5e4 5\n", INT_MAX},   {"5 5 5\n", INT_MAX},    {"9223372036854775807 1\n", INT_MAX},
               {"\n", INT_MAX},        {"5 5x\n", INT_MAX},     {"9223372036854775808 1\n", INT_MAX}};
  for (const auto& [text, cores] : cases) {
    put("/sys/fs/cgroup/a/cpu.max", text);
    EXPECT_EQ(quota(), cores) << text;
  }
}

TEST_F(CpuQuotaTest, Version2TakesTheLeastOnTheWayUp) {
  put_process("0::/a/b/c\n", kV2Mount);
  put("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
  put("/sys/fs/cgroup/a/b/cpu.max", "600000 100000\n");
  put("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
  put("/sys/fs/cgroup/other/cpu.max", "100000 100000\n");
  EXPECT_EQ(quota(), 3);
  put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2);
  put("/sys/fs/cgroup/a/b/c/cpu.max", "10000 100000\n");
  EXPECT_EQ(quota(), 1);
}

TEST_F(CpuQuotaTest, Version2InAContainer) {
  // Without a namespace of its own a container sees its path from the host, but has its own group mounted alone.
  const std::string below = "30 24 0:26 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
  put_process("0::/docker/x/y\n", below);
  put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(quota(), 2);
  put("/sys/fs/cgroup/y/cpu.max", "50000 100000\n");
  EXPECT_EQ(quota(), 1);
  // Moved to where the mount does not reach, or beside a group of which its name is the beginning.
  for (const char* group : {"0::/../z\n", "0::/docker/xy\n", "0::/\n"}) {
    put_process(group, below);
    EXPECT_EQ(quota(), 2) << group;
  }
}

TEST_F(CpuQuotaTest, Version1) {
  put_process("5:memory:/other\n4:cpuset:/b\n3:cpu,cpuacct:/a/b\n1:name=systemd:/x\n", kV1Mounts);
  put_v1("/sys/fs/cgroup/cpu,cpuacct", "-1", "100000");
  put_v1("/sys/fs/cgroup/cpuset/b", "100000", "100000");
  EXPECT_EQ(quota(), INT_MAX);
  put_v1("/sys/fs/cgroup/cpu,cpuacct/a/b", "350000", "100000");
  EXPECT_EQ(quota(), 4);
  put_v1("/sys/fs/cgroup/cpu,cpuacct/a", "20000", "10000");
  EXPECT_EQ(quota(), 2);
}

TEST_F(CpuQuotaTest, BothVersions) {
  put_process("3:cpu:/a\n0::/b\n", "31 24 0:28 / /v1 rw - cgroup cgroup rw,cpu\n32 24 0:29 / /v2 rw - cgroup2 none rw\n");
  put_v1("/v1/a", "300000", "100000");
  EXPECT_EQ(quota(), 3);
  put("/v2/b/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2);
}

TEST_F(CpuQuotaTest, OddNamesAndDamagedLists) {
  put_process("\n:\n7\n0::/a b:c\n",
              std::string("1 2 3\n- - - -\n30 24 0:26 /\n") + "30 24 0:26 / /sys/fs/c\\040g\\134 rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(quota(), INT_MAX);
  put("/sys/fs/c g\\/a b:c/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2);
}

}  // namespace
}  // namespace intrain
