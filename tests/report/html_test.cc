#include "report/html.h"

#include <gtest/gtest.h>

namespace intrain {
namespace {

TEST(Html, EscapesWhatHasAMeaning) {
  EXPECT_EQ(escape_html("<b>&\"'</b>"), "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;");
  EXPECT_EQ(escape_html("Grüße {} \xff\x1b<"), "Grüße {} \\xff\\x1b&lt;");  // the page is UTF-8, and is shown
  EXPECT_EQ(escape_html("a\n\tb\n"), "a\n\tb\n");
  EXPECT_EQ(escape_html(""), "");
}

// The examples of RFC 4648, section 10, and bytes above 127.
TEST(Html, Base64) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfd\xfc"), "//79/A==");
  EXPECT_EQ(png_data_uri("foo"), "data:image/png;base64,Zm9v");
}

}  // namespace
}  // namespace intrain
