#include "ranks/rank_hosts.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "core/hash.h"
#include "core/version.h"
#include "ranks/launch.h"

namespace intrain {

namespace {

template <size_t N>
void copy_text(const std::string& text, char (&to)[N]) {
  std::snprintf(to, N, "%s", text.c_str());
}

// 0 where the system does not tell: it is then taken for a machine of its own.
uint64_t hash_of(const std::string& text) { return text.empty() ? 0 : hash64(text.data(), text.size()); }

bool has_cpu(const RankHost& host, int cpu) { return (host.cpus[static_cast<size_t>(cpu / 64)] >> (cpu % 64) & 1) != 0; }

bool same_machine(const RankHost& a, const RankHost& b) { return a.rank == b.rank || (a.machine != 0 && a.machine == b.machine); }

}  // namespace

RankHost this_host(int rank) {
  RankHost host;
  copy_text(host_name(), host.host);
  copy_text(kVersion, host.version);
  host.rank = rank;
  host.process = getpid();
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  host.machine = hash_of(boot);
  std::error_code ignored;
  const std::string processes = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
  if (!boot.empty() && !processes.empty()) host.processes = hash_of(boot + processes);
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (int cpu = 0; cpu < std::min<int>(RankHost::kMostCpus, CPU_SETSIZE); ++cpu)
      if (CPU_ISSET(static_cast<size_t>(cpu), &set)) host.cpus[static_cast<size_t>(cpu / 64)] |= uint64_t{1} << (cpu % 64);
  return host;
}

std::string rank_text(const RankHost& host) { return "rank " + std::to_string(host.rank) + " on " + host.host; }

void check_hosts(const std::vector<RankHost>& hosts) {
  for (size_t r = 0; r < hosts.size(); ++r) {
    if (hosts[r].rank != static_cast<int32_t>(r))
      throw Error("rank " + std::to_string(r) + " answers as " + rank_text(hosts[r]) + ": messages between ranks go astray", "",
                  "give each host a name of its own, and start all ranks with one launcher");
    if (std::strcmp(hosts[r].version, hosts[0].version) != 0)
      throw Error(
          rank_text(hosts[0]) + " is intrain " + hosts[0].version + ", " + rank_text(hosts[r]) + " is " + hosts[r].version, "",
          "install one version on all hosts");
  }
}

int threads_of_rank(const std::vector<RankHost>& hosts, int rank, int available) {
  constexpr int64_t kCore = int64_t{1} << 20;  // parts
  const RankHost& mine = hosts[static_cast<size_t>(rank)];
  int64_t parts = 0, cores = 0;
  const auto neighbours = std::count_if(hosts.begin(), hosts.end(), [&](const RankHost& h) { return same_machine(h, mine); });
  for (int cpu = 0; cpu < RankHost::kMostCpus; ++cpu) {
    if (!has_cpu(mine, cpu)) continue;
    ++cores;
    parts += kCore / std::count_if(hosts.begin(), hosts.end(),
                                   [&](const RankHost& h) { return same_machine(h, mine) && has_cpu(h, cpu); });
  }
  int64_t threads = (parts + RankHost::kMostCpus) / kCore;  // each part was rounded down
  threads = std::min<int64_t>(threads, available < cores ? available / neighbours : available);
  return static_cast<int>(std::max<int64_t>(threads, 1));
}

}  // namespace intrain
