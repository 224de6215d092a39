#include "core/text.h"

#include <gtest/gtest.h>

namespace intrain {
namespace {

TEST(Printable, KeepsTextOfAnyScript) {
  for (const char* text : {"", "cat", "a\\x1b b~:", "Zürich", "日本語", "עברית", "🐈", "\u00a0\u2027\u202f\u2065\u206a\U0010ffff"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, EscapesControlCharacters) {
  EXPECT_EQ(printable("a\tb\nc\rd"), "a\\tb\\nc\\rd");
  EXPECT_EQ(printable("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
  EXPECT_EQ(printable(std::string("\0\x1f\x7f", 3)), "\\x00\\x1f\\x7f");
  for (int c = 0; c < 256; ++c)
    if (const std::string text(1, static_cast<char>(c)); c < 0x20 || c >= 0x7f)
      EXPECT_EQ(printable(text).front(), '\\') << c;
    else
      EXPECT_EQ(printable(text), text);
}

// C1, which some terminals obey: U+009B begins a sequence as ESC [ does.
TEST(Printable, EscapesControlCharactersOfUnicode) {
  EXPECT_EQ(printable("\u0080\u009b31m\u009f"), "\\xc2\\x80\\xc2\\x9b31m\\xc2\\x9f");
  EXPECT_EQ(printable("a\u202egpj.exe"), "a\\xe2\\x80\\xaegpj.exe");
  for (const char* text : {"\u2028", "\u2029", "\u202a", "\u2066", "\u2069"})
    EXPECT_EQ(printable(text).substr(0, 4), "\\xe2") << text;
}

TEST(Printable, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("caf\xe9"), "caf\\xe9");
  EXPECT_EQ(printable("\xe9t\xe9"), "\\xe9t\\xe9");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                    // longer than needed
  EXPECT_EQ(printable("\xe0\x80\x80"), "\\xe0\\x80\\x80");           // likewise
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(printable("\xf0\x9f\x90"), "\\xf0\\x9f\\x90");           // ends early
  EXPECT_EQ(printable("\xe6\x97x\xe6\x97\xa5"), "\\xe6\\x97x日");    // goes on with what comes after
}

// Printed again, nothing changes: texts are put together of printable parts.
TEST(Printable, OfPrintableTextIsThatText) {
  const std::string once = printable("\xff\x1b[2J\n\u202e日");
  EXPECT_EQ(printable(once), once);
}

TEST(Plural, IsOfAllNumbersButOne) {
  EXPECT_EQ(plural(0, "epoch"), "0 epochs");
  EXPECT_EQ(plural(1, "epoch"), "1 epoch");
  EXPECT_EQ(plural(1000, "test image"), "1000 test images");
}

}  // namespace
}  // namespace intrain
