// BMP. Debian has no library for it that is not one for much else, and the format is a header and rows.
#include <array>
#include <bit>

#include "data/photo_decoder.h"

namespace intrain {

namespace {

constexpr size_t kFileHeader = 14, kCoreHeader = 12, kInfoHeader = 40, kRgbMasksHeader = 52, kRgbaMasksHeader = 56;
constexpr uint32_t kPlain = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3, kAlphaBitFields = 6;  // "compression"

// A channel's bits in a pixel, next to each other.
struct Mask {
  uint32_t bits = 0;
  int shift = 0;
  uint8_t value(uint32_t pixel) const {
    const uint64_t largest = bits >> shift;
    return largest == 0 ? uint8_t{0} : static_cast<uint8_t>(((uint64_t{pixel & bits} >> shift) * 255 + largest / 2) / largest);
  }
};

class BmpDecoder : public PhotoDecoder {
 public:
  BmpDecoder(const std::string& path, const std::vector<uint8_t>& file) : PhotoDecoder(path, file) {
    pixels_ = u32(10);
    const size_t header = u32(kFileHeader);
    const bool core = header == kCoreHeader;
    if (!core && header != kInfoHeader && header != kRgbMasksHeader && header != kRgbaMasksHeader && header != 64 &&
        header != 108 && header != 124)
      fail("a BMP picture with a header of " + std::to_string(header) + " bytes, which is not known");
    int64_t h = 0, w = 0;
    uint32_t compression = kPlain, colors = 0;
    if (core) {
      w = u16(18);
      h = u16(20);
      bits_ = u16(24);
    } else {
      w = static_cast<int32_t>(u32(18));
      h = static_cast<int32_t>(u32(22));
      bits_ = u16(28);
      compression = u32(30);
      colors = u32(46);
    }
    top_down_ = h < 0;
    set_size(top_down_ ? -h : h, w);
    if (compression == kRle8 || compression == kRle4) fail("BMP pictures of run lengths are not read: convert them to PNG");
    if (compression != kPlain && (header == 64 || (compression != kBitFields && compression != kAlphaBitFields)))
      fail("a BMP picture that is compressed in a way that is not read");
    if (compression == kPlain ? !is_one_of(bits_, {1, 4, 8, 16, 24, 32}) : !is_one_of(bits_, {16, 32}))
      fail("a BMP picture of " + std::to_string(bits_) + " bits a pixel, which is not read");

    if (compression == kPlain)
      set_plain_masks();
    else
      read_masks(header, compression);
    if (bits_ <= 8) read_palette(kFileHeader + header, colors, core ? 3 : 4);
    // The last row may end with its last pixel.
    row_bytes_ = (static_cast<size_t>(size().w) * bits_ + 31) / 32 * 4;
    const size_t last = (static_cast<size_t>(size().w) * bits_ + 7) / 8;
    const size_t needed = row_bytes_ * static_cast<size_t>(size().h - 1) + last;
    if (pixels_ > file.size() || file.size() - pixels_ < needed) fail("not a whole BMP picture: it ends too soon");
  }

  void decode(int /*denominator*/, const PhotoRows& rows) override {
    std::vector<uint8_t> row(size_t{3} * static_cast<size_t>(size().w));
    for (int i = 0; i < size().h; ++i) {
      const uint8_t* from = bytes().data() + pixels_ + row_bytes_ * static_cast<size_t>(i);
      for (size_t x = 0; x < static_cast<size_t>(size().w); ++x) put_pixel(from, x, row.data() + 3 * x);
      rows(top_down_ ? i : size().h - 1 - i, row.data());
    }
  }

 private:
  static bool is_one_of(unsigned value, std::initializer_list<unsigned> list) {
    for (const unsigned v : list)
      if (v == value) return true;
    return false;
  }

  uint32_t u8(size_t at) const {
    if (at >= bytes().size()) fail("not a whole BMP picture: it ends too soon");
    return bytes()[at];
  }
  uint32_t u16(size_t at) const { return u8(at) | u8(at + 1) << 8; }
  uint32_t u32(size_t at) const { return u16(at) | u16(at + 2) << 16; }

  void set_mask(size_t channel, uint32_t bits) { masks_[channel] = {bits, bits == 0 ? 0 : std::countr_zero(bits)}; }
  // 5 bits a channel; or 8, blue first, and of 32 the last ones mean nothing.
  void set_plain_masks() {
    const std::array<uint32_t, 3> masks =
        bits_ == 16 ? std::array<uint32_t, 3>{0x7c00, 0x03e0, 0x001f} : std::array<uint32_t, 3>{0xff0000, 0x00ff00, 0x0000ff};
    for (size_t ch = 0; ch < 3; ++ch) set_mask(ch, masks[ch]);
  }
  void read_masks(size_t header, uint32_t compression) {
    const bool alpha = header >= kRgbaMasksHeader || compression == kAlphaBitFields;
    // In longer headers where a short one has ended.
    for (size_t ch = 0; ch < (alpha ? 4 : 3); ++ch) set_mask(ch, u32(kFileHeader + kInfoHeader + 4 * ch));
    uint32_t seen = 0;
    for (const Mask& mask : masks_) {
      const uint32_t ones = mask.bits >> mask.shift;
      if ((ones & (ones + 1)) != 0 || (seen & mask.bits) != 0) fail("not a whole BMP picture: its masks are wrong");
      seen |= mask.bits;
    }
    if (bits_ == 16 && seen > 0xffff) fail("not a whole BMP picture: its masks are wrong");
  }
  void read_palette(size_t at, uint32_t colors, size_t entry_bytes) {
    const uint32_t most = 1u << bits_;
    if (colors == 0) colors = most;
    if (colors > most) fail("not a whole BMP picture: its palette is too large");
    for (uint32_t i = 0; i < colors; ++i, at += entry_bytes)
      palette_.push_back({static_cast<uint8_t>(u8(at + 2)), static_cast<uint8_t>(u8(at + 1)), static_cast<uint8_t>(u8(at))});
  }

  void put_pixel(const uint8_t* row, size_t x, uint8_t* to) const {
    if (bits_ <= 8) {
      const size_t in_byte = 8 / bits_;  // pixels, the first one highest
      const unsigned index = unsigned{row[x / in_byte]} >> (8 - bits_ * (x % in_byte + 1)) & ((1u << bits_) - 1);
      if (index >= palette_.size()) fail("not a whole BMP picture: a pixel is of no color of its palette");
      for (size_t ch = 0; ch < 3; ++ch) to[ch] = palette_[index][ch];
      return;
    }
    const uint8_t* from = row + x * (bits_ / 8);
    uint32_t pixel = 0;
    for (unsigned i = 0; i < bits_ / 8; ++i) pixel |= uint32_t{from[i]} << 8 * i;
    const int alpha = masks_[3].bits == 0 ? 255 : masks_[3].value(pixel);
    for (size_t ch = 0; ch < 3; ++ch) to[ch] = on_white(masks_[ch].value(pixel), alpha);
  }

  size_t pixels_ = 0, row_bytes_ = 0;
  unsigned bits_ = 0;  // of a pixel
  bool top_down_ = false;
  std::array<Mask, 4> masks_;  // red, green, blue, opacity
  std::vector<std::array<uint8_t, 3>> palette_;
};

}  // namespace

std::unique_ptr<PhotoDecoder> open_bmp(const std::string& path, const std::vector<uint8_t>& bytes) {
  return std::make_unique<BmpDecoder>(path, bytes);
}

}  // namespace intrain
