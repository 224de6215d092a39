#include "data/photo_kinds.h"

#include <gtest/gtest.h>

namespace intrain {
namespace {

std::string unread(const std::string& file) {
  return unread_kind_text(reinterpret_cast<const uint8_t*>(file.data()), file.size());
}

std::optional<PhotoKind> kind(const std::string& file) {
  return photo_kind(reinterpret_cast<const uint8_t*>(file.data()), file.size());
}

TEST(PhotoKinds, KnowsNamesByTheirEnd) {
  for (const char* name :
       {"a.jpg", "a.JPEG", "a.jpe", "a.Jfif", "a.b.png", "a.webp", "a.bmp", "a.gif", "a.TIF", "a.tiff", ".x.jpg"})
    EXPECT_TRUE(has_photo_ending(name)) << name;
  for (const char* name : {"", "a", ".jpg", "jpg", "a.jpg.txt", "a.jpgx", "a.heic", "a.", "Thumbs.db", "ajpg"})
    EXPECT_FALSE(has_photo_ending(name)) << name;
}

TEST(PhotoKinds, AreSeenByTheFirstBytes) {
  EXPECT_EQ(kind("\xff\xd8\xff\xe0"), PhotoKind::kJpeg);
  EXPECT_EQ(kind("\x89PNG\r\n\x1a\n"), PhotoKind::kPng);
  EXPECT_EQ(kind("RIFF1234WEBPVP8 "), PhotoKind::kWebp);
  EXPECT_EQ(kind("BM12"), PhotoKind::kBmp);
  EXPECT_EQ(kind("GIF89a"), PhotoKind::kGif);
  EXPECT_EQ(kind("GIF87a"), PhotoKind::kGif);
  EXPECT_EQ(kind(std::string("II*\0\x08\0\0\0", 8)), PhotoKind::kTiff);
  EXPECT_EQ(kind(std::string("MM\0*", 4)), PhotoKind::kTiff);
  for (const char* other : {"", "\xff\xd8", "RIFF1234WAVE", "GIF88a", "text"}) EXPECT_FALSE(kind(other).has_value()) << other;
}

TEST(PhotoKinds, SayWhatIsNotRead) {
  EXPECT_EQ(photo_kinds_text(), "JPEG, PNG, WebP, BMP, GIF or TIFF");
  EXPECT_EQ(unread("text"), "no picture of a kind that is read (JPEG, PNG, WebP, BMP, GIF or TIFF)");
  EXPECT_EQ(unread(""), "it is empty");
  EXPECT_EQ(unread(std::string("\0\0\0\x18"
                               "ftypheic",
                               12)),
            "HEIC pictures are not read: convert them to JPEG");
  EXPECT_EQ(unread(std::string("\0\0\0\x1c"
                               "ftypavif",
                               12)),
            "AVIF pictures are not read: convert them to JPEG");
  EXPECT_EQ(unread("%PDF-1.4"), "PDF pictures are not read: convert them to JPEG");
  EXPECT_EQ(unread("\xff\x0a"), "JPEG XL pictures are not read: convert them to JPEG");
  const std::string canon("II*\0\x10\0\0\0CR\2\0", 12);
  EXPECT_FALSE(kind(canon).has_value());
  EXPECT_EQ(unread(canon), "camera raw pictures are not read: convert them to JPEG");
}

}  // namespace
}  // namespace intrain
