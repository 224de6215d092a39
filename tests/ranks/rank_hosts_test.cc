#include "ranks/rank_hosts.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/local_ranks.h"
#include "core/parallel.h"
#include "core/slice.h"
#include "ranks/check_sums.h"
#include "ranks/launch.h"
#include "ranks/mpi_ranks.h"

namespace intrain {
namespace {

// Ranks of one version on machine 1, with these cores each.
std::vector<RankHost> ranks_with(const std::vector<uint64_t>& cpus) {
  std::vector<RankHost> hosts(cpus.size());
  for (size_t r = 0; r < cpus.size(); ++r) {
    hosts[r].rank = static_cast<int32_t>(r);
    hosts[r].machine = 1;
    hosts[r].cpus[0] = cpus[r];
    std::snprintf(hosts[r].host, sizeof hosts[r].host, "node%d", static_cast<int>(r));
  }
  return hosts;
}

TEST(RankHosts, ShareCores) {
  EXPECT_EQ(threads_of_rank(ranks_with({0xff}), 0, 8), 8);
  EXPECT_EQ(threads_of_rank(ranks_with({0xff, 0xff}), 1, 8), 4);
  EXPECT_EQ(threads_of_rank(ranks_with({0xff, 0xff, 0xff}), 0, 8), 2);  // 2 2/3
  EXPECT_EQ(threads_of_rank(ranks_with({0x0f, 0xf0}), 0, 4), 4);        // each has its own
  EXPECT_EQ(threads_of_rank(ranks_with({0x0f, 0x0f, 0xf0}), 2, 4), 4);
  EXPECT_EQ(threads_of_rank(ranks_with({0x0f, 0x0f, 0xf0}), 0, 4), 2);
  EXPECT_EQ(threads_of_rank(ranks_with({3, 3, 3, 3}), 0, 2), 1);  // fewer cores than ranks
  EXPECT_EQ(threads_of_rank(ranks_with({0xff, 0xff}), 0, 4), 2);  // a quota of 4 for both
  std::vector<RankHost> apart = ranks_with({0xff, 0xff});
  apart[1].machine = 2;
  EXPECT_EQ(threads_of_rank(apart, 0, 8), 8);
  apart[0].machine = apart[1].machine = 0;  // not known
  EXPECT_EQ(threads_of_rank(apart, 0, 8), 8);
}

TEST(RankHosts, AreInOrderAndOfOneVersion) {
  std::vector<RankHost> hosts = ranks_with({1, 1, 1});
  EXPECT_NO_THROW(check_hosts(hosts));
  std::snprintf(hosts[2].version, sizeof hosts[2].version, "0.1.0");
  try {
    check_hosts(hosts);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()), "rank 0 on node0 is intrain , rank 2 on node2 is 0.1.0");
  }
  hosts = ranks_with({1, 1, 1});
  hosts[1] = hosts[2];
  EXPECT_THROW(check_hosts(hosts), Error);
}

TEST(RankHosts, KnowThisOne) {
  const RankHost here = this_host(5);
  EXPECT_EQ(rank_text(here), "rank 5 on " + host_name().substr(0, sizeof here.host - 1));
  EXPECT_EQ(here.processes, this_host(6).processes);
  std::vector<RankHost> all = {this_host(0)};
  EXPECT_EQ(threads_of_rank(all, 0, available_threads()), available_threads());
}

// Environment variables, put back at the end.
class Variables {
 public:
  ~Variables() {
    for (const auto& [name, value] : before_) value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
  }
  void set(const std::string& name, const std::optional<std::string>& value) {
    const char* const now = std::getenv(name.c_str());
    before_.emplace_back(name, now != nullptr ? std::optional<std::string>(now) : std::nullopt);
    value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
  }

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

TEST(Launch, IsSeenInTheEnvironment) {
  constexpr const char* kAll[] = {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE", "PMI_RANK",
                                  "SLURM_STEP_NUM_TASKS", "SLURM_PROCID",         "PMIX_RANK"};
  struct Case {
    std::vector<std::pair<const char*, const char*>> variables;
    int rank, ranks;
    const char* launcher;
  };
  const Case cases[] = {{{}, 0, 1, ""},
                        {{{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "3"}, {"PMIX_RANK", "3"}}, 3, 4, "mpirun"},
                        {{{"OMPI_COMM_WORLD_SIZE", "1"}, {"OMPI_COMM_WORLD_RANK", "0"}, {"PMIX_RANK", "0"}}, 0, 1, "mpirun"},
                        {{{"PMI_SIZE", "2"}, {"PMI_RANK", "1"}}, 1, 2, "mpirun"},
                        {{{"SLURM_STEP_NUM_TASKS", "8"}, {"SLURM_PROCID", "7"}}, 7, 8, "srun"},
                        {{{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_PROCID", "0"}}, 0, 1, "srun"},
                        {{{"SLURM_PROCID", "0"}}, 0, 1, ""},  // a batch script
                        {{{"PMIX_RANK", "2"}}, 2, 0, "mpirun"},
                        {{{"PMI_SIZE", "many"}, {"PMI_RANK", "1"}}, 0, 1, ""}};
  for (const Case& c : cases) {
    Variables variables;
    for (const char* name : kAll) variables.set(name, {});
    for (const auto& [name, value] : c.variables) variables.set(name, value);
    const Launch launch = find_launch();
    EXPECT_EQ(launch.rank, c.rank);
    EXPECT_EQ(launch.ranks, c.ranks);
    EXPECT_EQ(launch.launcher, c.launcher);
  }
}

TEST(Launch, PatienceIsANumberOfSeconds) {
  Variables variables;
  variables.set("INTRAIN_RANKS_PATIENCE", {});
  EXPECT_EQ(patience_of_environment(), 60'000);
  variables.set("INTRAIN_RANKS_PATIENCE", "3");
  EXPECT_EQ(patience_of_environment(), 3'000);
  for (const char* bad : {"0", "-1", "1.5", "a", "86401", "99999999999999999999"}) {
    variables.set("INTRAIN_RANKS_PATIENCE", bad);
    EXPECT_THROW(patience_of_environment(), Error) << bad;
  }
}

// One number of one reduction comes out as another one.
class Wrong final : public Reducer {
 public:
  Wrong(Reducer& right, int at) : Reducer(right.rank(), right.ranks()), right_(right), at_(at) {}

 private:
  void start(Channel channel, ReduceOp op, ReduceSpan values) override {
    right_.begin(op, values, channel);
    right_.complete(channel);
    // Of the rank's own slice, which all of them have right.
    const Slice mine = slice_of(values.count, rank(), ranks());
    if (at_-- == 0) ++static_cast<uint8_t*>(values.data)[mine.first * ReduceSpan::bytes_of(values.type)];
  }
  std::optional<RankFailure> wait(Channel) override { return {}; }

  Reducer& right_;
  int at_;
};

TEST(CheckSums, PassWhereAllIsWell) {
  for (const int ranks : {2, 3, 5})
    run_local_ranks(ranks, [](int, std::unique_ptr<Reducer> reducer) { EXPECT_NO_THROW(check_sums(*reducer)); });
}

TEST(CheckSums, SeeEveryWrongNumber) {
  constexpr int kReductions = 2 * (2 + 1 + 4 + 5) + 1;
  for (int at = 0; at < kReductions; ++at)
    run_local_ranks(2, [&](int rank, std::unique_ptr<Reducer> reducer) {
      Wrong wrong(*reducer, rank == 1 ? at : -1);
      try {
        check_sums(wrong);
        EXPECT_EQ(rank, 0) << "reduction " << at;
      } catch (const LostRank&) {  // the other one has left
      } catch (const Error& e) {
        EXPECT_NE(std::string(e.what()).find("comes out wrong on rank 1"), std::string::npos) << e.what();
      }
    });
}

}  // namespace
}  // namespace intrain
