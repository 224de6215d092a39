#include "core/byte_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/rng.h"

namespace intrain {
namespace {

TEST(ByteText, KeepsUnicode) {
  for (const char* text : {"", "cat", "a\nb\t~:-", "Zürich", "日本語", "🐈", "\uf700", "\uf77f", "\uf800", "\U0010ffff"}) {
    EXPECT_EQ(to_unicode(text), text);
    EXPECT_EQ(from_unicode(text), text);
  }
  EXPECT_EQ(to_unicode(std::string(3, '\0')), std::string(3, '\0'));
}

TEST(ByteText, WritesOtherBytesAsCharacters) {
  EXPECT_EQ(to_unicode("caf\xe9!"), "caf\uf7e9!");
  EXPECT_EQ(to_unicode("\xc3\xa8 \xe8"), "è \uf7e8");
  EXPECT_EQ(to_unicode("\xed\xa0\x80"), "\uf7ed\uf7a0\uf780");  // a surrogate
  EXPECT_EQ(to_unicode("\uf7e9"), "\uf7ef\uf79f\uf7a9");        // what stands for a byte is bytes itself
  EXPECT_NE(to_unicode("\uf7e9"), to_unicode("\xe9"));
}

TEST(ByteText, EveryStringComesBack) {
  std::string text;
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      text = {static_cast<char>(a), static_cast<char>(b)};
      ASSERT_EQ(from_unicode(to_unicode(text)), text) << a << " " << b;
    }
  // Three bytes of the range that stands for bytes, whole and in parts, among others.
  test::Rng rng(7);
  const std::string alphabet(
      "\xef\x9e\x9f\x80\xbf\xe9 \xf0\xc3"
      "a",
      10);
  for (int round = 0; round < 20000; ++round) {
    text.clear();
    for (int64_t i = rng.range(0, 12); i > 0; --i) text += alphabet[static_cast<size_t>(rng.range(0, 9))];
    const std::string unicode = to_unicode(text);
    ASSERT_EQ(from_unicode(unicode), text);
    ASSERT_NO_THROW(nlohmann::json(unicode).dump());  // which throws for what is not UTF-8
    ASSERT_EQ(from_unicode(to_unicode(unicode)), unicode);
  }
}

}  // namespace
}  // namespace intrain
