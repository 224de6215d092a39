// Where each rank runs.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace intrain {

// What each rank says of itself before all else, as bytes.
struct RankHost {
  static constexpr int kMostCpus = 1024;
  char host[64] = {};
  char version[32] = {};
  int32_t rank = 0, process = 0;
  uint64_t machine = 0;                            // the same on one machine alone
  uint64_t processes = 0;                          // and the same where process numbers are, that is not in another container
  std::array<uint64_t, kMostCpus / 64> cpus = {};  // that it may run on
};

RankHost this_host(int rank);

// "rank 2 on node7".
std::string rank_text(const RankHost& host);

// Throws Error, naming ranks and hosts, unless entry r is that of rank r and all run the same version.
void check_hosts(const std::vector<RankHost>& hosts);

// Threads for `rank`: its cores, of which those that ranks of its machine share count in parts, but not more of `available` (core/parallel.h)
// than its part where that is a quota of all. At least 1.
int threads_of_rank(const std::vector<RankHost>& hosts, int rank, int available);

}  // namespace intrain
