// TIFF: the first page. libtiff unpacks strips and tiles; what their samples mean is told here, so that 16 bits become 8 to nearest.
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include "data/photo_decoder.h"

namespace intrain {

namespace {

constexpr int64_t kMaxBandBytes = int64_t{1} << 28;

class TiffDecoder : public PhotoDecoder {
 public:
  TiffDecoder(const std::string& path, const std::vector<uint8_t>& file) : PhotoDecoder(path, file) {
    TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
    if (options == nullptr) throw std::bad_alloc();
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, kMaxBandBytes);
    TIFFOpenOptionsSetErrorHandlerExtR(options, keep_error, this);
    TIFFOpenOptionsSetWarningHandlerExtR(options, keep_warning, this);
    tiff_.reset(TIFFClientOpenExt("", "r", this, read, write, seek, close, length, map, unmap, options));
    TIFFOpenOptionsFree(options);
    if (!tiff_) refuse();
    read_header();
    warned_ = false;  // of unknown tags; from here on a warning is about the pixels
  }

  void decode(int /*denominator*/, const PhotoRows& rows) override {
    const auto row_bytes = static_cast<size_t>(row_bytes_), planes = static_cast<size_t>(planes_);
    for (size_t plane = 0; plane < planes; ++plane) band_.emplace_back(row_bytes * static_cast<size_t>(band_h_));
    std::vector<uint8_t> row(size_t{3} * static_cast<size_t>(size().w));
    for (int y = 0; y < size().h; ++y) {
      if (y % band_h_ == 0) read_band(y);
      put_row(row_bytes * static_cast<size_t>(y % band_h_), row.data());
      rows(y, row.data());
    }
  }

 private:
  // The functions that libtiff calls for the file in memory, which it maps.
  static TiffDecoder& self_of(thandle_t handle) { return *static_cast<TiffDecoder*>(handle); }
  static tmsize_t read(thandle_t handle, void* to, tmsize_t count) {
    TiffDecoder& self = self_of(handle);
    const auto left = static_cast<tmsize_t>(self.bytes().size() - std::min<size_t>(self.at_, self.bytes().size()));
    const tmsize_t n = std::clamp<tmsize_t>(count, 0, left);
    if (n > 0) std::memcpy(to, self.bytes().data() + self.at_, static_cast<size_t>(n));
    self.at_ += static_cast<size_t>(n);
    return n;
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t seek(thandle_t handle, toff_t to, int whence) {
    TiffDecoder& self = self_of(handle);
    self.at_ = to + (whence == SEEK_CUR ? self.at_ : whence == SEEK_END ? self.bytes().size() : 0);
    return self.at_;
  }
  static int close(thandle_t) { return 0; }
  static toff_t length(thandle_t handle) { return self_of(handle).bytes().size(); }
  static int map(thandle_t handle, void** base, toff_t* count) {
    *base = const_cast<uint8_t*>(self_of(handle).bytes().data());  // libtiff only reads there
    *count = self_of(handle).bytes().size();
    return 1;
  }
  static void unmap(thandle_t, void*, toff_t) {}
  static int keep_error(TIFF*, void* user, const char* /*module*/, const char* format, va_list arguments) {
    auto& self = *static_cast<TiffDecoder*>(user);
    if (!self.message_.empty()) return 1;
    char text[256];
    if (std::vsnprintf(text, sizeof text, format, arguments) > 0) self.message_ = text;
    return 1;
  }
  static int keep_warning(TIFF* tiff, void* user, const char* module, const char* format, va_list arguments) {
    static_cast<TiffDecoder*>(user)->warned_ = true;
    return keep_error(tiff, user, module, format, arguments);
  }

  [[noreturn]] void refuse() const {
    if (message_.find("emory") != std::string::npos) throw std::bad_alloc();  // libtiff has no other sign
    fail("not a whole TIFF picture" + (message_.empty() ? "" : ": " + message_));
  }

  template <class Number>
  Number tag(uint32_t name, Number otherwise) const {
    Number value = otherwise;
    return TIFFGetField(tiff_.get(), name, &value) == 1 ? value : otherwise;
  }

  void read_header() {
    set_size(tag<uint32_t>(TIFFTAG_IMAGELENGTH, 0), tag<uint32_t>(TIFFTAG_IMAGEWIDTH, 0));
    const auto orientation = tag<uint16_t>(TIFFTAG_ORIENTATION, 1);
    if (orientation >= 1 && orientation <= 8) set_orientation(orientation);
    if ((tag<uint32_t>(TIFFTAG_SUBFILETYPE, 0) & FILETYPE_REDUCEDIMAGE) != 0)
      fail("its first page is a thumbnail, as of camera raw pictures: convert it to JPEG");
    const auto compression = tag<uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    constexpr uint16_t kCompressions[] = {COMPRESSION_NONE,      COMPRESSION_CCITTRLE, COMPRESSION_CCITTFAX3,
                                          COMPRESSION_CCITTFAX4, COMPRESSION_LZW,      COMPRESSION_JPEG,
                                          COMPRESSION_PACKBITS,  COMPRESSION_DEFLATE,  COMPRESSION_ADOBE_DEFLATE};
    if (std::find(std::begin(kCompressions), std::end(kCompressions), compression) == std::end(kCompressions))
      fail("a TIFF picture that is compressed in a way that is not read (" + std::to_string(compression) + ")");
    bits_ = tag<uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
    samples_ = tag<uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
    const auto format = tag<uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
    if ((bits_ != 1 && bits_ != 2 && bits_ != 4 && bits_ != 8 && bits_ != 16) ||
        (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID))
      fail("a TIFF picture of " + std::to_string(bits_) + " bits a sample of format " + std::to_string(format) +
           ", which is not read");
    read_colors(compression);
    read_layout();
  }

  void read_colors(uint16_t compression) {
    kind_ = tag<uint16_t>(TIFFTAG_PHOTOMETRIC, 0xffff);
    if (kind_ == PHOTOMETRIC_YCBCR && compression == COMPRESSION_JPEG) {
      TIFFSetField(tiff_.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      kind_ = PHOTOMETRIC_RGB;
    }
    switch (kind_) {
      case PHOTOMETRIC_MINISWHITE:
      case PHOTOMETRIC_MINISBLACK:
        colors_ = 1;
        break;
      case PHOTOMETRIC_PALETTE:
        colors_ = 1;
        read_palette();
        break;
      case PHOTOMETRIC_RGB:
        colors_ = 3;
        break;
      case PHOTOMETRIC_SEPARATED:
        colors_ = 4;
        if (tag<uint16_t>(TIFFTAG_INKSET, INKSET_CMYK) == INKSET_CMYK) break;
        [[fallthrough]];
      default:
        fail("a TIFF picture of colors that are not read (" + std::to_string(kind_) + ")");
    }
    if (samples_ < colors_) fail("not a whole TIFF picture: it has too few samples a pixel");
    uint16_t extras = 0, *kinds = nullptr;
    if (samples_ == colors_ || kind_ == PHOTOMETRIC_SEPARATED || kind_ == PHOTOMETRIC_PALETTE ||
        TIFFGetField(tiff_.get(), TIFFTAG_EXTRASAMPLES, &extras, &kinds) != 1)
      return;
    if (extras < 1) return;
    opacity_ = kinds[0] == EXTRASAMPLE_UNASSALPHA || kinds[0] == EXTRASAMPLE_ASSOCALPHA;
    multiplied_ = kinds[0] == EXTRASAMPLE_ASSOCALPHA;
  }

  void read_palette() {
    uint16_t* channels[3] = {};
    if (bits_ > 8 || TIFFGetField(tiff_.get(), TIFFTAG_COLORMAP, &channels[0], &channels[1], &channels[2]) != 1)
      fail("not a whole TIFF picture: it has no palette that is read");
    const size_t count = size_t{1} << bits_;
    // Of a color k of 8 bits programs write 257 k, 256 k, or k where 16 bits belong.
    const bool short_values = std::all_of(std::begin(channels), std::end(channels), [&](const uint16_t* values) {
      return std::all_of(values, values + count, [](uint16_t v) { return v < 256; });
    });
    for (size_t i = 0; i < count; ++i)
      for (const uint16_t* channel : channels)
        palette_.push_back(static_cast<uint8_t>(short_values ? channel[i] : channel[i] >> 8));
  }

  // How rows lie in strips or tiles, and how many of them are read at a time.
  void read_layout() {
    TIFF* const tiff = tiff_.get();
    const bool separate = tag<uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
    planes_ = separate ? samples_ : 1;
    tiled_ = TIFFIsTiled(tiff) != 0;
    row_bytes_ = (int64_t{size().w} * bits_ * (separate ? 1 : samples_) + 7) / 8;
    band_h_ = 1;
    int64_t unit_bytes = TIFFScanlineSize64(tiff), expected = row_bytes_;
    if (tiled_) {
      band_h_ = rows_of_band(tag<uint32_t>(TIFFTAG_TILELENGTH, 0));
      tile_w_ = tag<uint32_t>(TIFFTAG_TILEWIDTH, 0);
      if (tile_w_ < 1 || tile_w_ % 16 != 0 || tile_w_ > uint32_t{kMaxPhotoSide} + 16)
        fail("not a whole TIFF picture: its tiles are wrong");
      tile_row_bytes_ = int64_t{tile_w_} * bits_ * (separate ? 1 : samples_) / 8;
      unit_bytes = TIFFTileSize64(tiff);
      expected = tile_row_bytes_ * tag<uint32_t>(TIFFTAG_TILELENGTH, 0);
    } else if (separate) {
      band_h_ = rows_of_band(tag<uint32_t>(TIFFTAG_ROWSPERSTRIP, UINT32_MAX));
    }
    if (unit_bytes != expected) fail("a TIFF picture whose rows are packed in a way that is not read");
    if (unit_bytes > kMaxBandBytes || row_bytes_ * band_h_ * planes_ > kMaxBandBytes) fail("its strips or tiles are too large");
  }
  int rows_of_band(uint32_t rows) const {
    if (rows < 1) fail("not a whole TIFF picture: its strips or tiles have no rows");
    return static_cast<int>(std::min<uint32_t>(rows, static_cast<uint32_t>(size().h)));
  }

  void check(bool good) const {
    if (!good || warned_) refuse();
  }

  // Rows y to y + band_h_ - 1, as far as there are any.
  void read_band(int y) {
    TIFF* const tiff = tiff_.get();
    const auto row = static_cast<uint32_t>(y);
    if (tiled_) return read_tiles(row);
    if (planes_ == 1) return check(TIFFReadScanline(tiff, band_[0].data(), row, 0) == 1);
    const int64_t needed = row_bytes_ * std::min(band_h_, size().h - y);
    for (uint16_t plane = 0; plane < planes_; ++plane) {
      std::vector<uint8_t>& to = band_[plane];
      check(TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, row, plane), to.data(), needed) == needed);
    }
  }
  void read_tiles(uint32_t y) {
    TIFF* const tiff = tiff_.get();
    const auto w = static_cast<uint32_t>(size().w);
    std::vector<uint8_t> tile(static_cast<size_t>(TIFFTileSize64(tiff)));
    const auto tile_bytes = static_cast<tmsize_t>(tile.size());
    for (uint16_t plane = 0; plane < planes_; ++plane)
      for (uint32_t x = 0; x < w; x += tile_w_) {
        check(TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, x, y, 0, plane), tile.data(), tile_bytes) == tile_bytes);
        const int64_t at = int64_t{x} / tile_w_ * tile_row_bytes_, count = std::min(tile_row_bytes_, row_bytes_ - at);
        for (int i = 0; i < std::min(band_h_, size().h - static_cast<int>(y)); ++i)
          std::copy_n(tile.data() + tile_row_bytes_ * i, count, band_[plane].data() + row_bytes_ * i + at);
      }
  }

  // To nearest. Sample 255 of 8 bits is 255, 65535 of 16 too.
  static uint8_t to_8_bits(unsigned value, unsigned bits) {
    const unsigned largest = (1u << bits) - 1;
    return static_cast<uint8_t>((value * 255 + largest / 2) / largest);
  }
  // Sample s of pixel x in the row that begins at byte `row` of its band.
  unsigned sample(size_t row, size_t x, size_t s) const {
    const uint8_t* from = band_[planes_ == 1 ? 0 : s].data() + row;
    const size_t i = planes_ == 1 ? x * samples_ + s : x;
    if (bits_ == 8) return from[i];
    if (bits_ == 16) {
      uint16_t value = 0;
      std::memcpy(&value, from + 2 * i, 2);  // in this machine's order
      return value;
    }
    return unsigned{from[i * bits_ / 8]} >> (8 - bits_ - i * bits_ % 8) & ((1u << bits_) - 1);
  }
  void put_row(size_t row, uint8_t* rgb) const {
    for (size_t x = 0; x < static_cast<size_t>(size().w); ++x, rgb += 3) {
      if (kind_ == PHOTOMETRIC_PALETTE) {
        std::copy_n(palette_.data() + size_t{3} * sample(row, x, 0), 3, rgb);
        continue;
      }
      uint8_t colors[4];
      for (size_t s = 0; s < colors_; ++s) colors[s] = to_8_bits(sample(row, x, s), bits_);
      if (kind_ == PHOTOMETRIC_SEPARATED) {
        for (size_t ch = 0; ch < 3; ++ch) rgb[ch] = behind_black(255 - colors[ch], 255 - colors[3]);
        continue;
      }
      const int alpha = opacity_ ? to_8_bits(sample(row, x, colors_), bits_) : 255;
      for (size_t ch = 0; ch < 3; ++ch) {
        int c = colors[colors_ == 1 ? 0 : ch];
        if (kind_ == PHOTOMETRIC_MINISWHITE) c = 255 - c;
        rgb[ch] = multiplied_ ? static_cast<uint8_t>(std::min(255, c + 255 - alpha)) : on_white(c, alpha);
      }
    }
  }

  struct Close {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  };
  std::unique_ptr<TIFF, Close> tiff_;
  size_t at_ = 0;  // where libtiff reads next
  std::string message_;
  bool warned_ = false;

  unsigned bits_ = 0;  // of a sample
  uint16_t samples_ = 0, colors_ = 0, kind_ = 0, planes_ = 1;
  bool opacity_ = false, multiplied_ = false;  // sample colors_ is the opacity; the colors are multiplied by it
  std::vector<uint8_t> palette_;               // [color][3]
  bool tiled_ = false;
  int band_h_ = 1;
  uint32_t tile_w_ = 0;
  int64_t row_bytes_ = 0, tile_row_bytes_ = 0;
  std::vector<std::vector<uint8_t>> band_;  // [plane][band_h_][row_bytes_]
};

}  // namespace

std::unique_ptr<PhotoDecoder> open_tiff(const std::string& path, const std::vector<uint8_t>& bytes) {
  return std::make_unique<TiffDecoder>(path, bytes);
}

std::string tiff_version() { return TIFFGetVersion(); }

}  // namespace intrain
