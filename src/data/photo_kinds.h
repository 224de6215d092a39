// Kinds of picture files: which are read, what their names end in, and what a file's first bytes say it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace intrain {

enum class PhotoKind { kJpeg, kPng, kWebp, kBmp, kGif, kTiff };

// "JPEG, PNG, WebP, BMP, GIF or TIFF".
const std::string& photo_kinds_text();

// Whether `name` ends as a picture of such a kind does, in any case: .jpg, .jpeg, .jpe, .jfif, .png, .webp, .bmp, .gif, .tif, .tiff. What a file
// holds is seen by its bytes alone.
bool has_photo_ending(std::string_view name);

// What the file is that begins with these bytes; nothing if it is none of those.
std::optional<PhotoKind> photo_kind(const uint8_t* bytes, size_t size);

// What to say of a file that is none of those: which kind it is, if that is known.
std::string unread_kind_text(const uint8_t* bytes, size_t size);

}  // namespace intrain
