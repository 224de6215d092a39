// GIF, by giflib: the first picture of the file.
#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "data/photo_decoder.h"

namespace intrain {

namespace {

class GifDecoder : public PhotoDecoder {
 public:
  GifDecoder(const std::string& path, const std::vector<uint8_t>& file)
      : PhotoDecoder(path, file), next_(file.data()), left_(file.size()) {
    int code = 0;
    gif_.reset(DGifOpen(this, take, &code));
    if (!gif_) refuse(code);
    find_picture();
    const GifImageDesc& image = gif_->Image;
    // The picture may be smaller than the screen; where it is larger, viewers show all of it.
    set_size(std::max(gif_->SHeight, image.Top + image.Height), std::max(gif_->SWidth, image.Left + image.Width));
    if (image.Height < 1 || image.Width < 1) fail("it has no pixels");
    const ColorMapObject* map = image.ColorMap != nullptr ? image.ColorMap : gif_->SColorMap;
    if (map == nullptr) fail("not a whole GIF picture: it has no palette");
    colors_.assign(map->Colors, map->Colors + map->ColorCount);
    if (transparent_ >= 0 && transparent_ < map->ColorCount) colors_[static_cast<size_t>(transparent_)] = {255, 255, 255};
  }

  void decode(int /*denominator*/, const PhotoRows& rows) override {
    const GifImageDesc& image = gif_->Image;
    std::vector<uint8_t> row(size_t{3} * static_cast<size_t>(size().w), uint8_t{255});
    for (int y = 0; y < size().h; ++y)
      if (y < image.Top || y >= image.Top + image.Height) rows(y, row.data());
    std::vector<GifPixelType> line(static_cast<size_t>(image.Width));
    const auto read_row = [&](int y) {
      if (DGifGetLine(gif_.get(), line.data(), image.Width) != GIF_OK) refuse(gif_->Error);
      uint8_t* to = row.data() + int64_t{3} * image.Left;
      for (const GifPixelType pixel : line) {
        if (pixel >= colors_.size()) fail("not a whole GIF picture: a pixel is of no color of its palette");
        const GifColorType& color = colors_[pixel];
        *to++ = color.Red;
        *to++ = color.Green;
        *to++ = color.Blue;
      }
      rows(image.Top + y, row.data());
    };
    struct Pass {
      int first, step;
    };
    constexpr Pass kInOrder[] = {{0, 1}}, kInterlaced[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
    const auto read_pass = [&](const Pass& pass) {
      for (int y = pass.first; y < image.Height; y += pass.step) read_row(y);
    };
    if (image.Interlace)
      std::for_each(std::begin(kInterlaced), std::end(kInterlaced), read_pass);
    else
      std::for_each(std::begin(kInOrder), std::end(kInOrder), read_pass);
  }

 private:
  static int take(GifFileType* gif, GifByteType* to, int count) {
    GifDecoder& self = *static_cast<GifDecoder*>(gif->UserData);
    const size_t n = std::min(static_cast<size_t>(std::max(count, 0)), self.left_);
    std::memcpy(to, self.next_, n);
    self.next_ += n;
    self.left_ -= n;
    return static_cast<int>(n);
  }
  [[noreturn]] void refuse(int code) const {
    if (code == D_GIF_ERR_NOT_ENOUGH_MEM) throw std::bad_alloc();
    const char* reason = GifErrorString(code);
    fail(std::string("not a whole GIF picture") + (reason == nullptr ? "" : std::string(": ") + reason));
  }
  void check(int status) const {
    if (status != GIF_OK) refuse(gif_->Error);
  }

  // Goes to the pixels of the first picture.
  void find_picture() {
    while (true) {
      GifRecordType type = UNDEFINED_RECORD_TYPE;
      check(DGifGetRecordType(gif_.get(), &type));
      if (type == TERMINATE_RECORD_TYPE) fail("it has no picture");
      if (type == IMAGE_DESC_RECORD_TYPE) return check(DGifGetImageDesc(gif_.get()));
      int kind = 0;
      GifByteType* block = nullptr;  // its length first
      check(DGifGetExtension(gif_.get(), &kind, &block));
      while (block != nullptr) {
        GraphicsControlBlock control;
        if (kind == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
          transparent_ = control.TransparentColor;
        check(DGifGetExtensionNext(gif_.get(), &block));
      }
    }
  }

  struct Close {
    void operator()(GifFileType* gif) const {
      int ignored = 0;
      DGifCloseFile(gif, &ignored);
    }
  };
  const uint8_t* next_;
  size_t left_;
  std::unique_ptr<GifFileType, Close> gif_;
  int transparent_ = NO_TRANSPARENT_COLOR;
  std::vector<GifColorType> colors_;
};

}  // namespace

std::unique_ptr<PhotoDecoder> open_gif(const std::string& path, const std::vector<uint8_t>& bytes) {
  return std::make_unique<GifDecoder>(path, bytes);
}

// That of its headers: it tells none when it runs. Nothing in a GIF is left to who decodes it.
std::string gif_version() {
  return "giflib " + std::to_string(GIFLIB_MAJOR) + "." + std::to_string(GIFLIB_MINOR) + "." + std::to_string(GIFLIB_RELEASE);
}

}  // namespace intrain
