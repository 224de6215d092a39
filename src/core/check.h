// Broken preconditions inside the library: a bug, not bad input. Prints the condition and both values, then aborts.
#pragma once

#include <cstdint>

namespace intrain {

[[noreturn]] void check_failed(const char* condition, int64_t left, int64_t right, const char* file, int line);

}  // namespace intrain

#define INTRAIN_CHECK_OP(a, op, b)                                                                                      \
  do {                                                                                                                  \
    if (!((a)op(b)))                                                                                                    \
      ::intrain::check_failed(#a " " #op " " #b, static_cast<int64_t>(a), static_cast<int64_t>(b), __FILE__, __LINE__); \
  } while (0)
#define CHECK_EQ(a, b) INTRAIN_CHECK_OP(a, ==, b)
#define CHECK_LE(a, b) INTRAIN_CHECK_OP(a, <=, b)
#define CHECK_LT(a, b) INTRAIN_CHECK_OP(a, <, b)
#define CHECK_TRUE(a) INTRAIN_CHECK_OP(a, !=, false)
