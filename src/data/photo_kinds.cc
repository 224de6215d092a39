#include "data/photo_kinds.h"

#include <algorithm>
#include <iterator>

namespace intrain {

namespace {

struct KindRow {
  PhotoKind kind;
  const char* name;
  std::string_view endings[4];  // in small letters
};
constexpr KindRow kKinds[] = {
    {PhotoKind::kJpeg, "JPEG", {".jpg", ".jpeg", ".jpe", ".jfif"}},
    {PhotoKind::kPng, "PNG", {".png"}},
    {PhotoKind::kWebp, "WebP", {".webp"}},
    {PhotoKind::kBmp, "BMP", {".bmp"}},
    {PhotoKind::kGif, "GIF", {".gif"}},
    {PhotoKind::kTiff, "TIFF", {".tif", ".tiff"}},
};

using std::string_view_literals::operator""sv;

// Other kinds that people keep among their photos, by the bytes at an offset.
struct OtherKind {
  const char* name;
  size_t offset;
  std::string_view magic;
};
constexpr const char* kRaw = "camera raw";
constexpr OtherKind kOtherKinds[] = {
    {"HEIC", 4, "ftyphei"sv},
    {"HEIC", 4, "ftyphev"sv},
    {"HEIC", 4, "ftypmif1"sv},
    {"HEIC", 4, "ftypmsf1"sv},
    {"AVIF", 4, "ftypavi"sv},
    {kRaw, 4, "ftypcrx "sv},
    {kRaw, 0, "FUJIFILMCCD-RAW"sv},
    {kRaw, 0, "IIRO"sv},
    {kRaw, 0, "IIRS"sv},
    {kRaw, 0, "MMOR"sv},
    {kRaw, 0, "IIU\0"sv},
    {kRaw, 0, "II*\0\x10\0\0\0CR"sv},
    {"JPEG XL", 0, "\xff\x0a"sv},
    {"JPEG XL", 4, "JXL \r\n\x87\n"sv},
    {"JPEG 2000", 4, "jP  \r\n\x87\n"sv},
    {"JPEG 2000", 0, "\xff\x4f\xff\x51"sv},
    {"Photoshop", 0, "8BPS"sv},
    {"SVG", 0, "<svg"sv},
    {"SVG", 0, "<?xml"sv},
    {"PDF", 0, "%PDF-"sv},
};

const char* other_kind(std::string_view file) {
  for (const OtherKind& other : kOtherKinds)
    if (file.size() > other.offset && file.substr(other.offset).starts_with(other.magic)) return other.name;
  return nullptr;
}

std::string_view view(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

}  // namespace

const std::string& photo_kinds_text() {
  static const std::string text = [] {
    std::string list;
    for (const KindRow& row : kKinds)
      list.append(&row == kKinds ? "" : &row == std::end(kKinds) - 1 ? " or " : ", ").append(row.name);
    return list;
  }();
  return text;
}

bool has_photo_ending(std::string_view name) {
  const auto ends_with = [&](std::string_view end) {
    return !end.empty() && name.size() > end.size() &&
           std::equal(end.begin(), end.end(), name.end() - static_cast<std::ptrdiff_t>(end.size()),
                      [](char small, char c) { return small == (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c); });
  };
  return std::any_of(std::begin(kKinds), std::end(kKinds),
                     [&](const KindRow& row) { return std::any_of(std::begin(row.endings), std::end(row.endings), ends_with); });
}

std::optional<PhotoKind> photo_kind(const uint8_t* bytes, size_t size) {
  const std::string_view file = view(bytes, size);
  if (other_kind(file) != nullptr) return {};
  if (file.starts_with("\xff\xd8\xff"sv)) return PhotoKind::kJpeg;
  if (file.starts_with("\x89PNG\r\n\x1a\n"sv)) return PhotoKind::kPng;
  if (file.starts_with("RIFF"sv) && file.size() > 12 && file.substr(8).starts_with("WEBP"sv)) return PhotoKind::kWebp;
  if (file.starts_with("BM"sv)) return PhotoKind::kBmp;
  if (file.starts_with("GIF87a"sv) || file.starts_with("GIF89a"sv)) return PhotoKind::kGif;
  for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
    if (file.starts_with(magic)) return PhotoKind::kTiff;
  return {};
}

std::string unread_kind_text(const uint8_t* bytes, size_t size) {
  if (size == 0) return "it is empty";
  if (const char* other = other_kind(view(bytes, size)))
    return std::string(other) + " pictures are not read: convert them to JPEG";
  return "no picture of a kind that is read (" + photo_kinds_text() + ")";
}

}  // namespace intrain
