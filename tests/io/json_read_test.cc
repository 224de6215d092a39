#include "io/json_read.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace intrain {
namespace {

std::string repeated(const std::string& piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

std::string problem_of(const std::string& text) {
  try {
    read_json(text);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "";
}

TEST(JsonRead, GivesWhatTheLibraryGives) {
  const std::string text =
      R"({"a": [1, -2, 0.5, 1e3, true, false, null], "": {}, "b": {"c": [[], {}], "d": "é\u00e9\n"}, "z": 18446744073709551615})";
  EXPECT_EQ(read_json(text), nlohmann::ordered_json::parse(text));
  EXPECT_EQ(read_json(text).dump(), nlohmann::ordered_json::parse(text).dump());
  for (const char* scalar : {"1", "\"x\"", "null", " [ ] "}) EXPECT_EQ(read_json(scalar), nlohmann::ordered_json::parse(scalar));
}

TEST(JsonRead, SaysWhereItIsNoJson) {
  EXPECT_NE(problem_of("{\"a\":\n 1,, }").find("line 2, column 4"), std::string::npos) << problem_of("{\"a\":\n 1,, }");
  for (const char* text : {"", "{", "[1 2]", "{} {}", "{1: 2}", "\"\xff\"", "1e999", "nan", "[1,]", "{\"a\":1,}"})
    EXPECT_NE(problem_of(text), "") << text;
  EXPECT_LT(problem_of("[\"" + repeated("x", 1000000)).size(), 300U);
}

TEST(JsonRead, RefusesWhatIsNestedTooDeeply) {
  const auto nested = [](int depth) { return repeated("[", depth) + repeated("]", depth); };
  EXPECT_EQ(problem_of(nested(kMaxJsonDepth)), "");
  EXPECT_NE(problem_of(nested(kMaxJsonDepth + 1)).find("deeper"), std::string::npos);
  EXPECT_NE(problem_of(nested(1000000)).find("deeper"), std::string::npos);
  EXPECT_NE(problem_of(repeated("[", 1000000)).find("deeper"), std::string::npos);
  EXPECT_NE(problem_of(repeated("{\"a\":[", 300000)).find("deeper"), std::string::npos);
  EXPECT_NE(problem_of(repeated("{\"a\":", 300000) + "1" + repeated("}", 300000)).find("deeper"), std::string::npos);
}

TEST(JsonRead, RefusesMembersNamedTwice) {
  EXPECT_NE(problem_of(R"({"a": 1, "b": 2, "a": 3})").find("'a' twice"), std::string::npos);
  EXPECT_NE(problem_of(R"([{"x": {"b": 2, "b": 2}}])").find("'b' twice"), std::string::npos);
  EXPECT_EQ(problem_of(R"([{"a": 1}, {"a": {"a": 2}}])"), "");
}

// Member by member through ordered_json it is minutes: a test that hangs.
TEST(JsonRead, TakesManyMembers) {
  std::string text = "{";
  constexpr int kMembers = 200000;
  for (int i = 0; i < kMembers; ++i) text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":" + std::to_string(i);
  EXPECT_EQ(read_json(text + "}").size(), static_cast<size_t>(kMembers));
  EXPECT_NE(problem_of(text + ",\"0\":1}").find("twice"), std::string::npos);
}

TEST(JsonRead, RefusesTooManyValues) {
  EXPECT_NE(problem_of("[" + repeated("0,", kMaxJsonValues) + "0]").find("more than"), std::string::npos);
}

}  // namespace
}  // namespace intrain
