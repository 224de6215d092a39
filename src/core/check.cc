#include "core/check.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace intrain {

void check_failed(const char* condition, int64_t left, int64_t right, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s (%" PRId64 " against %" PRId64 ")\n", file, line, condition, left, right);
  std::abort();
}

}  // namespace intrain
