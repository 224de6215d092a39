#include "models/toml_limits.h"

#include <gtest/gtest.h>

#include <string>

#include "models/net_file.h"
#include "support/temp_folder.h"

namespace intrain {
namespace {

std::string repeated(const std::string& piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}
std::string dotted(int parts) { return "a" + repeated(".a", parts - 1); }

const char* const kNet = "[[layer]]\ntype = 'conv'\nchannels = 4\nsize = 3\n";

TEST(TomlLimits, CountsThePartsOfKeysAndNames) {
  EXPECT_EQ(line_of_long_key(""), 0);
  EXPECT_EQ(line_of_long_key(dotted(kMaxKeyParts) + " = 1.5\n"), 0);
  EXPECT_EQ(line_of_long_key("\n" + dotted(kMaxKeyParts + 1) + " = 1"), 2);
  EXPECT_EQ(line_of_long_key("[" + dotted(kMaxKeyParts + 1) + "]"), 1);
  EXPECT_EQ(line_of_long_key("[[" + dotted(kMaxKeyParts + 1) + "]]"), 1);
  EXPECT_EQ(line_of_long_key("x = 1\ny = {" + dotted(3) + " = 1, " + dotted(kMaxKeyParts + 1) + " = 2}"), 2);
  EXPECT_EQ(line_of_long_key("\"a.b\" . 'c'" + repeated(" . \"d.e\"", kMaxKeyParts) + " = 1"), 1);
  EXPECT_EQ(line_of_long_key(repeated("x.y = 1.5\n", 100)), 0);
}

TEST(TomlLimits, PassesOverPointsThatPartNoKey) {
  const std::string points(100, '.');
  EXPECT_EQ(line_of_long_key("# " + points + "\n x = 1"), 0);
  for (const std::string quote : {"\"", "'", "\"\"\"", "'''"})
    EXPECT_EQ(line_of_long_key("x = " + quote + points + quote), 0) << quote;
  EXPECT_EQ(line_of_long_key("x = \"\\\"" + points + "\\\\\""), 0);
  EXPECT_EQ(line_of_long_key("x = \"\"\"\n\"\"" + points + "\n\"\"\"\"\" # \"\"\" " + points), 0);
}

// What looks like the inside of a string, but is none, is a key.
TEST(TomlLimits, IsNotMisledByQuotes) {
  const std::string key = dotted(kMaxKeyParts + 1) + " = 1";
  EXPECT_EQ(line_of_long_key("x = 'a\\', " + key), 1);
  EXPECT_EQ(line_of_long_key("x = \"never closed\n" + key), 2);
  EXPECT_EQ(line_of_long_key("x = \"never closed \\\n" + key), 2);
  EXPECT_EQ(line_of_long_key("x = {y = \"\"\"a\"\"\"\", " + key), 1);
  EXPECT_EQ(line_of_long_key("x = {y = '''a''''', " + key), 1);
  EXPECT_EQ(line_of_long_key("x = \"\"\"\n\n'\"\"\"\n" + key), 4);
  EXPECT_EQ(line_of_long_key("# \"\n" + key), 2);
  EXPECT_EQ(line_of_long_key("x = '' # '''\n" + key), 2);
}

TEST(TomlLimits, NetsNestedTooDeeplyAreRefused) {
  const auto refused = [](const std::string& text, const std::string& what) {
    test::expect_error([&] { build_net(text, "deep.toml", 12, 12, 1, 10); }, what, "deep.toml");
  };
  for (const std::string& key : {dotted(100000), "[" + dotted(100000) + "]", "[[" + dotted(100000) + "]]"})
    refused(kNet + key + " = 1", "more than 16 parts");
  refused(repeated("x." + dotted(kMaxKeyParts) + "={", 1000), "more than 16 parts");
  refused("x = " + repeated("[", 400000), "not TOML");
  refused("x = " + repeated("[", 400000) + repeated("]", 400000), "not TOML");
  refused("x = " + repeated("{a.b.c.d.e.f.g=", 60000), "not TOML");
  refused("x = " + repeated("[{a.b.c.d.e.f.g=\n", 60000), "not TOML");
  refused("x = " + repeated("{a.b.c.d.e.f.g=[", 250) + repeated("]}", 250), "not TOML");
  refused(std::string((1 << 20) + 1, ' '), "1 MiB");
}

TEST(TomlLimits, ManyKeysAreRefusedInNoTime) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "k" + std::to_string(i) + "=1\n";
  test::expect_error([&] { build_net(text, "many.toml", 12, 12, 1, 10); }, "no member of a net", "many.toml");
  text = kNet;
  for (int i = 0; i < 100000; ++i) text += "k" + std::to_string(i) + "=1\n";
  test::expect_error([&] { build_net(text, "many.toml", 12, 12, 1, 10); }, "no member of such a layer", "many.toml");
}

}  // namespace
}  // namespace intrain
