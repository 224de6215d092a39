// Photos from JPEG and PNG files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace intrain {

// More pixels than any camera's photo; a header that says more is refused before memory is taken.
constexpr int64_t kMaxPhotoPixels = int64_t{1} << 28;
constexpr int64_t kMaxPhotoBytes = int64_t{1} << 28;  // of the file

struct Photo {
  int h = 0, w = 0;
  std::vector<uint8_t> pixels;  // [h][w][3], red, green, blue
};

// A file that is being read: the size first, then the pixels.
//
// Grey and CMYK become RGB; a pixel of opacity a / 255 shows white behind it: (a c + 255 (255 - a)) / 255, and 16 bits become 8, both to
// nearest. The orientation that a camera notes (EXIF), gamma and colour profiles are not applied: PyTorch's loaders, too, leave them.
class PhotoFile {
 public:
  // Reads the file and its header into memory that is used again. Throws Error, naming the file, if it cannot be read, is neither JPEG nor
  // PNG, or is damaged.
  void open(const std::string& path);
  int h() const { return h_; }
  int w() const { return w_; }
  // The pixels; or, of a JPEG, their means over squares of `denominator` = 2, 4 or 8 pixels (the last ones of a row or column may be
  // smaller), which is faster. Throws Error if the data are damaged or end too soon.
  void decode(int denominator, Photo& photo) const;

 private:
  std::string path_;
  std::vector<uint8_t> bytes_;
  bool jpeg_ = false;
  int h_ = 0, w_ = 0;
};

// grey[i] = floor((299 red + 587 green + 114 blue + 500) / 1000) of pixel i of rgb [pixels][3]: the luma of ITU-R BT.601. What was grey stays
// as it was.
void to_grey(const uint8_t* rgb, int64_t pixels, uint8_t* grey);

}  // namespace intrain
