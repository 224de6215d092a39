#include "ranks/add_parts.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace intrain {
namespace {

// Each width, where sums wrap, beside sums in 64 bits.
TEST(AddParts, AreSumsOfEachWidth) {
  for (const int width : {1, 2, 3, 4, 8})
    for (const int ranks : {1, 2, 5})
      for (const int64_t count : {0, 1, 37}) {
        const auto bytes = static_cast<size_t>(count * width);
        std::vector<uint8_t> parts(bytes * static_cast<size_t>(ranks));
        uint32_t state = 1;
        for (uint8_t& byte : parts) byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
        std::vector<uint8_t> sums(bytes + 1, 0xcd);
        add_parts(width, parts.data(), ranks, count, sums.data());
        for (int64_t i = 0; i < count; ++i) {
          uint64_t expected = 0, got = 0;
          for (int byte = 0; byte < width; ++byte) {
            for (int r = 0; r < ranks; ++r)
              expected += static_cast<uint64_t>(parts[static_cast<size_t>(r) * bytes + static_cast<size_t>(i * width + byte)])
                          << (8 * byte);
            got |= static_cast<uint64_t>(sums[static_cast<size_t>(i * width + byte)]) << (8 * byte);
          }
          if (width < 8) expected &= (uint64_t{1} << (8 * width)) - 1;
          ASSERT_EQ(got, expected) << width << " bytes, number " << i << " of " << ranks << " ranks";
        }
        EXPECT_EQ(sums.back(), 0xcd);
      }
}

}  // namespace
}  // namespace intrain
