#include "data/photo.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "core/check.h"
#include "core/error.h"
#include "core/hash.h"
#include "data/exif.h"
#include "data/photo_decoder.h"
#include "data/photo_kinds.h"

namespace intrain {

namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw Error(what, path, "replace the file or take it away");
}

void read_bytes(const std::string& path, std::vector<uint8_t>& bytes) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_type type = fs::status(path, ignored).type();
  if (type == fs::file_type::directory) refuse(path, "it is a folder");
  // To open a FIFO would be to wait for who writes to it.
  if (type != fs::file_type::regular && type != fs::file_type::not_found && type != fs::file_type::none)
    refuse(path, "it is no regular file");
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) throw Error(std::string("cannot be read: ") + std::strerror(errno), path, "check the path and its permissions");
  const std::streamoff size = in.tellg();
  if (size < 0) refuse(path, "cannot be read");
  if (size > kMaxPhotoBytes) refuse(path, "it has more than 256 MiB");
  bytes.resize(static_cast<size_t>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), size);
  if (in.gcount() != size) refuse(path, "cannot be read");
}

std::unique_ptr<PhotoDecoder> open_decoder(const std::string& path, const std::vector<uint8_t>& bytes) {
  const std::optional<PhotoKind> kind = photo_kind(bytes.data(), bytes.size());
  if (!kind) refuse(path, unread_kind_text(bytes.data(), bytes.size()));
  switch (*kind) {
    case PhotoKind::kJpeg:
      return open_jpeg(path, bytes);
    case PhotoKind::kPng:
      return open_png(path, bytes);
    case PhotoKind::kWebp:
      return open_webp(path, bytes);
    case PhotoKind::kBmp:
      return open_bmp(path, bytes);
    case PhotoKind::kGif:
      return open_gif(path, bytes);
    case PhotoKind::kTiff:
      return open_tiff(path, bytes);
  }
  refuse(path, unread_kind_text(bytes.data(), bytes.size()));
}

// `pixels` of them in reverse order.
void reverse_row(uint8_t* rgb, int pixels) {
  for (uint8_t *a = rgb, *b = rgb + int64_t{3} * (pixels - 1); a < b; a += 3, b -= 3) std::swap_ranges(a, a + 3, b);
}

}  // namespace

void PhotoDecoder::fail(const std::string& what) const { refuse(path_, what); }

void PhotoDecoder::set_size(int64_t h, int64_t w) {
  if (h < 1 || w < 1) fail("it has no pixels");
  if (h > kMaxPhotoSide || w > kMaxPhotoSide || h * w > kMaxPhotoPixels)
    fail(std::to_string(w) + "x" + std::to_string(h) + " pixels are too many");
  size_ = {static_cast<int>(h), static_cast<int>(w)};
}

void PhotoDecoder::check_whole() const {
  if (int64_t{size_.h} * size_.w > kMaxWholePixels)
    fail(std::to_string(size_.w) + "x" + std::to_string(size_.h) +
         " pixels are too many in a file of which all must be in memory at once");
}

PhotoFile::PhotoFile() = default;
PhotoFile::~PhotoFile() = default;
PhotoFile::PhotoFile(PhotoFile&&) noexcept = default;
PhotoFile& PhotoFile::operator=(PhotoFile&&) noexcept = default;

uint64_t PhotoFile::hash() const { return hash64(bytes_.data(), bytes_.size()); }

void PhotoFile::open(const std::string& path) {
  decoder_.reset();
  read_bytes(path, bytes_);
  decoder_ = open_decoder(path, bytes_);
}

PhotoSize PhotoFile::size(int denominator) const {
  CHECK_TRUE(decoder_ != nullptr);
  const PhotoSize stored = decoder_->size(denominator);
  return turn_of(decoder_->orientation()).on_its_side ? PhotoSize{stored.w, stored.h} : stored;
}

void PhotoFile::decode(int denominator, const Window& window, const PhotoRows& rows) {
  CHECK_TRUE(decoder_ != nullptr);
  // It is used up, and what memory it holds is given back also where it throws.
  const std::unique_ptr<PhotoDecoder> decoder = std::move(decoder_);
  const PhotoSize stored = decoder->size(denominator);
  const Turn turn = turn_of(decoder->orientation());
  // The window in the stored picture.
  Window part = turn.on_its_side ? Window{window.x, window.y, window.w, window.h} : window;
  if (turn.rows_flipped) part.y = stored.h - part.y - part.h;
  if (turn.columns_flipped) part.x = stored.w - part.x - part.w;
  const auto row_of = [&](int y) { return turn.rows_flipped ? part.h - 1 - y : y; };

  if (!turn.on_its_side) {
    std::vector<uint8_t> reversed;
    decoder->decode(denominator, [&](int y, const uint8_t* rgb) {
      if (y < part.y || y >= part.y + part.h) return;
      const uint8_t* row = rgb + int64_t{3} * part.x;
      if (turn.columns_flipped) {
        reversed.assign(row, row + int64_t{3} * part.w);
        reverse_row(reversed.data(), part.w);
        row = reversed.data();
      }
      rows(row_of(y - part.y), row);
    });
    return;
  }
  // The rows of the result are columns of what is stored, so all of the window must be there before the first.
  if (int64_t{part.h} * part.w > kMaxWholePixels)
    decoder->fail(std::to_string(part.w) + "x" + std::to_string(part.h) + " pixels are too many to be turned by a quarter");
  std::vector<uint8_t> turned(size_t{3} * static_cast<size_t>(part.h) * static_cast<size_t>(part.w));
  decoder->decode(denominator, [&](int y, const uint8_t* rgb) {
    if (y < part.y || y >= part.y + part.h) return;
    const int column = row_of(y - part.y);
    const uint8_t* from = rgb + int64_t{3} * part.x;
    for (int x = 0; x < part.w; ++x, from += 3) {
      const int row = turn.columns_flipped ? part.w - 1 - x : x;
      std::copy_n(from, 3, turned.data() + 3 * (int64_t{row} * part.h + column));
    }
  });
  for (int y = 0; y < window.h; ++y) rows(y, turned.data() + int64_t{3} * y * window.w);
}

std::string decoder_versions() {
  return jpeg_version() + "; " + png_version() + "; " + webp_version() + "; " + gif_version() + "; " + tiff_version();
}

void to_grey(const uint8_t* rgb, int64_t pixels, uint8_t* grey) {
  for (int64_t i = 0; i < pixels; ++i, rgb += 3)
    grey[i] = static_cast<uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
}

}  // namespace intrain
