#include "report/draw/thinned_line.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace intrain {
namespace {

using Values = std::vector<double>;

TEST(ThinnedLine, KeepsShortLinesAsTheyAre) {
  ThinnedLine line;
  Values x, y;
  for (size_t i = 0; i < ThinnedLine::kMost; ++i) {
    x.push_back(static_cast<double>(i + 1));
    y.push_back(static_cast<double>(i * 7919 % 1000));
    line.add(x.back(), y.back());
  }
  EXPECT_EQ(line.x(), x);
  EXPECT_EQ(line.ends_x(), x);
  EXPECT_EQ(line.mean(), y);
  EXPECT_EQ(line.ends(), y);
}

TEST(ThinnedLine, LongOnesAreMeansAndEnds) {
  for (const size_t count : {ThinnedLine::kMost + 1, 3 * ThinnedLine::kMost, size_t{100003}}) {
    ThinnedLine line;
    Values y;
    for (size_t i = 0; i < count; ++i) {
      y.push_back(static_cast<double>(i * 7919 % 1000));
      line.add(static_cast<double>(i + 1), y.back());
    }
    size_t width = 1;
    while (width * ThinnedLine::kMost < count) width *= 2;
    Values x, mean, ends_x, ends;
    for (size_t begin = 0; begin < count; begin += width) {
      const size_t end = std::min(begin + width, count);
      const auto from = y.begin() + static_cast<std::ptrdiff_t>(begin), to = y.begin() + static_cast<std::ptrdiff_t>(end);
      double sum = 0;
      for (auto at = from; at != to; ++at) sum += *at;
      x.push_back(static_cast<double>(end));
      mean.push_back(sum / static_cast<double>(end - begin));
      ends_x.insert(ends_x.end(), 2, x.back());
      ends.insert(ends.end(), {*std::min_element(from, to), *std::max_element(from, to)});
    }
    EXPECT_LE(x.size(), ThinnedLine::kMost);
    EXPECT_EQ(line.x(), x);
    EXPECT_EQ(line.mean(), mean);
    EXPECT_EQ(line.ends_x(), ends_x);
    EXPECT_EQ(line.ends(), ends);
  }
}

}  // namespace
}  // namespace intrain
