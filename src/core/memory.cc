#include "core/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "core/error.h"

namespace intrain {

namespace {

std::string text(int64_t bytes) {
  constexpr int64_t kMiB = int64_t{1} << 20, kGiB = int64_t{1} << 30;
  const bool large = bytes >= 10 * kGiB;
  const int64_t unit = large ? kGiB : kMiB;
  return std::to_string(bytes / unit + (bytes % unit != 0 ? 1 : 0)) + (large ? " GiB" : " MiB");
}

}  // namespace

int64_t memory_limit_bytes() {
  const int64_t pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
  int64_t limit = pages > 0 && page_bytes > 0 ? pages * page_bytes : INT64_MAX;
  struct rlimit space {};
  if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
    limit = static_cast<int64_t>(std::min<uint64_t>(static_cast<uint64_t>(limit), space.rlim_cur));
  return limit;
}

void check_memory(int64_t bytes, const std::string& what, const Setting& at, const std::string& hint) {
  if (const int64_t limit = memory_limit_bytes(); bytes > limit)
    throw Error(what + " takes " + text(bytes) + " of memory, and there are " + text(limit), at, hint);
}

}  // namespace intrain
