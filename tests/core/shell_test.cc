#include "core/shell.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

namespace intrain {
namespace {

TEST(Shell, QuotesWhatIsNotPlain) {
  EXPECT_EQ(shell_word("runs/a-1_b.c:d=e,f@g%h+i"), "runs/a-1_b.c:d=e,f@g%h+i");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("~"), "'~'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("Zürich"), "'Zürich'");
  EXPECT_EQ(shell_word("a\nb'\\\xe9"
                       "1"),
            "$'a\\012b\\'\\\\\\3511'");
  EXPECT_EQ(shell_flag("--out", "a b"), "--out 'a b'");
  EXPECT_EQ(shell_flag("--out", "-x"), "--out=-x");
}

// A shell that knows $'...' gives back each byte but 0, alone and before a digit.
TEST(Shell, AShellGivesBackEveryByte) {
  std::string bytes, words;
  for (int c = 1; c < 256; ++c) {
    const std::string text = std::string(1, static_cast<char>(c)) + "7";
    bytes += text + "|" + text + "é|";
    words += " " + shell_word(text) + " " + shell_word(text + "é");
  }
  // sh itself may not know $'...'.
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> script(std::tmpfile(), &std::fclose);
  ASSERT_NE(script, nullptr);
  const std::string text = "printf '%s|'" + words + "\n";
  ASSERT_EQ(std::fwrite(text.data(), 1, text.size(), script.get()), text.size());
  std::fflush(script.get());
  const std::string run = "bash /dev/fd/" + std::to_string(fileno(script.get())) + " 2> /dev/null";
  const std::unique_ptr<std::FILE, decltype(&pclose)> shell(popen(run.c_str(), "r"), &pclose);
  ASSERT_NE(shell, nullptr);
  std::string got;
  std::array<char, 4096> part;
  for (size_t n = 0; (n = std::fread(part.data(), 1, part.size(), shell.get())) > 0;) got.append(part.data(), n);
  EXPECT_EQ(got, bytes);
}

}  // namespace
}  // namespace intrain
