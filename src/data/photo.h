// Photos from files of the kinds that data/photo_kinds.h lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace intrain {

// What is refused before memory is taken for it: sides beyond those of a JPEG, more pixels than are of any use at the size of a net's input, and,
// where all of a picture must be in memory at once (interlaced, progressive, WebP), half as many.
constexpr int kMaxPhotoSide = 65535;
constexpr int64_t kMaxPhotoPixels = int64_t{1} << 27;
constexpr int64_t kMaxWholePixels = int64_t{1} << 26;
constexpr int64_t kMaxPhotoBytes = int64_t{1} << 28;  // of the file

// A part of a picture.
struct Window {
  int y, x, h, w;  // top left corner and size, in pixels; inside the picture
};

struct PhotoSize {
  int h, w;
};

// Takes row y of a window, [window.w][3]: red, green, blue. The rows come in any order, each once.
using PhotoRows = std::function<void(int y, const uint8_t* rgb)>;

class PhotoDecoder;

// A file that is being read: the size first, then the pixels, turned as the file's orientation (EXIF) says, so that all of this is about what a
// viewer shows.
//
// Grey, palettes and CMYK become RGB; a pixel of opacity a / 255 shows white behind it: (a c + 255 (255 - a)) / 255, and 16 bits become 8, both to
// nearest. Of a file of several pictures the first counts. Gamma and colour profiles are not applied: PyTorch's loaders, too, leave them.
class PhotoFile {
 public:
  PhotoFile();
  ~PhotoFile();
  PhotoFile(PhotoFile&&) noexcept;
  PhotoFile& operator=(PhotoFile&&) noexcept;

  // Reads the file and its header. Throws Error, naming the file, if it cannot be read, is of no kind that is read, too large or damaged.
  void open(const std::string& path);
  int h() const { return size(1).h; }
  int w() const { return size(1).w; }
  // The size at 1 / denominator (1, 2, 4 or 8): rounded up, of a JPEG; other kinds have only one.
  PhotoSize size(int denominator) const;
  // Once after each open: the pixels of a window in the picture of size(denominator). At 2, 4 and 8 those of a JPEG are means over squares of so
  // many pixels (the last ones of a stored row or column may be smaller), which is faster. Throws Error if the data, those outside the window
  // included, are damaged or end too soon, and std::bad_alloc.
  void decode(int denominator, const Window& window, const PhotoRows& rows);
  // XXH3-64 of the file's bytes.
  uint64_t hash() const;
  // What it holds for the next photo.
  size_t memory_bytes() const { return bytes_.capacity(); }

 private:
  std::vector<uint8_t> bytes_;
  std::unique_ptr<PhotoDecoder> decoder_;
};

// The libraries that decode photos, by their versions: what is made of a file may change with them.
std::string decoder_versions();

// grey[i] = floor((299 red + 587 green + 114 blue + 500) / 1000) of pixel i of rgb [pixels][3]: the luma of ITU-R BT.601. What was grey stays
// as it was.
void to_grey(const uint8_t* rgb, int64_t pixels, uint8_t* grey);

}  // namespace intrain
