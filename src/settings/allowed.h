// What a setting may be: the column `allowed` of settings.def.
#pragma once

#include <cstddef>

namespace intrain {

struct Any {};  // what its type can hold, or what is checked where it is used
struct Whole {
  int min, max;
};
struct Number {
  double min, max;
  bool below = false;     // max itself is not allowed
  bool or_zero = false;   // 0 is, too
  const char* unit = "";  // ", the largest pixel value"
};
struct OneOf {
  const char* words;  // "cosine|step"; "|mean|black": may be empty
};
struct AtMost {
  size_t count;
  const char* what;  // "patterns"
};

constexpr Any any() { return {}; }
constexpr Whole whole(int min, int max) { return {min, max}; }
constexpr Number number(double min, double max, const char* unit = "") { return {min, max, false, false, unit}; }
constexpr Number number_below(double min, double max) { return {min, max, true}; }
constexpr Number zero_or_number(double min, double max) { return {min, max, false, true}; }
constexpr Number zero_or_number_below(double min, double max) { return {min, max, true, true}; }
constexpr OneOf one_of(const char* words) { return {words}; }
constexpr AtMost at_most(size_t count, const char* what) { return {count, what}; }

}  // namespace intrain
