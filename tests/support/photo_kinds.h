// WebP, GIF, TIFF and BMP files made in memory, and notes on how a picture is turned.
#pragma once

#include <gif_lib.h>
#include <tiffio.h>
#include <webp/encode.h>
#include <webp/mux_types.h>

#include <cstring>

#include "support/temp_folder.h"

namespace intrain::test {

// Of more than 8 bytes those beyond are 0.
inline void append(Bytes& bytes, uint64_t value, int count, bool big_endian = false) {
  for (int i = 0; i < count; ++i) {
    const int place = big_endian ? count - 1 - i : i;
    bytes.push_back(place < 8 ? static_cast<uint8_t>(value >> 8 * place) : uint8_t{0});
  }
}
inline void append(Bytes& bytes, const char* text) { bytes.insert(bytes.end(), text, text + std::strlen(text)); }
inline void append(Bytes& bytes, const Bytes& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

// A block of EXIF that holds another tag and the orientation.
inline Bytes exif_block(int orientation, bool big_endian) {
  Bytes b;
  append(b, big_endian ? "MM" : "II");
  append(b, 42, 2, big_endian);
  append(b, 8, 4, big_endian);
  append(b, 2, 2, big_endian);
  for (const int tag : {0x0100, 0x0112}) {
    append(b, static_cast<uint64_t>(tag), 2, big_endian);
    append(b, 3, 2, big_endian);
    append(b, 1, 4, big_endian);
    append(b, static_cast<uint64_t>(tag == 0x0112 ? orientation : 7), 2, big_endian);
    append(b, 0, 2, big_endian);
  }
  append(b, 0, 4, big_endian);
  return b;
}

// Behind the first two bytes of a JPEG.
inline Bytes jpeg_with_exif(const Bytes& jpeg, const Bytes& block) {
  Bytes b = {0xff, 0xd8, 0xff, 0xe1};
  append(b, block.size() + 8, 2, true);
  append(b, Bytes{'E', 'x', 'i', 'f', 0, 0});
  append(b, block);
  b.insert(b.end(), jpeg.begin() + 2, jpeg.end());
  return b;
}

// before: in front of the pixels; else in front of IEND. The check sum is not a right one: libpng passes the chunk over.
inline Bytes png_with_exif(const Bytes& png, const Bytes& block, bool before) {
  constexpr int64_t kHeader = 8 + 25, kEnd = 12;
  Bytes chunk;
  append(chunk, block.size(), 4, true);
  append(chunk, "eXIf");
  append(chunk, block);
  append(chunk, 0, 4);
  Bytes b = png;
  b.insert(before ? b.begin() + kHeader : b.end() - kEnd, chunk.begin(), chunk.end());
  return b;
}

// rgba [h][w][4].
inline Bytes make_webp(int h, int w, const Bytes& rgba, bool lossless) {
  uint8_t* out = nullptr;
  const size_t size =
      lossless ? WebPEncodeLosslessRGBA(rgba.data(), w, h, 4 * w, &out) : WebPEncodeRGBA(rgba.data(), w, h, 4 * w, 80, &out);
  const Bytes b(out, out + size);
  WebPFree(out);
  return b;
}

inline void append_chunk(Bytes& bytes, const char* name, const Bytes& content) {
  append(bytes, name);
  append(bytes, content.size(), 4);
  append(bytes, content);
  if (content.size() % 2 == 1) bytes.push_back(0);
}

// A WebP file of these chunks behind VP8X.
inline Bytes extended_webp(int h, int w, int flags, const Bytes& chunks) {
  Bytes header;
  append(header, static_cast<uint64_t>(flags), 4);
  append(header, static_cast<uint64_t>(w - 1), 3);
  append(header, static_cast<uint64_t>(h - 1), 3);
  Bytes body;
  append(body, "WEBP");
  append_chunk(body, "VP8X", header);
  append(body, chunks);
  Bytes b;
  append_chunk(b, "RIFF", body);
  return b;
}

// `webp` is a plain file: RIFF, its size, WEBP, and one chunk.
inline Bytes webp_with_exif(int h, int w, const Bytes& webp, const Bytes& block) {
  Bytes chunks(webp.begin() + 12, webp.end());
  append_chunk(chunks, "EXIF", block);
  return extended_webp(h, w, EXIF_FLAG | ALPHA_FLAG, chunks);
}

struct GifOptions {
  int screen_h = 0, screen_w = 0, top = 0, left = 0;  // 0: as large as the picture
  bool interlaced = false;
  int transparent = -1;
};

// pixels [h][w] are numbers in the palette, of 2, 4, 8 ... colors. A second picture follows, of the first color alone.
inline Bytes make_gif(int h, int w, const Bytes& pixels, std::vector<GifColorType> palette, const GifOptions& options = {}) {
  Bytes bytes;
  int error = 0;
  GifFileType* gif = EGifOpen(
      &bytes,
      [](GifFileType* g, const GifByteType* data, int count) {
        Bytes& to = *static_cast<Bytes*>(g->UserData);
        to.insert(to.end(), data, data + count);
        return count;
      },
      &error);
  ColorMapObject* map = GifMakeMapObject(static_cast<int>(palette.size()), palette.data());
  EGifSetGifVersion(gif, true);
  EGifPutScreenDesc(gif, options.screen_w > 0 ? options.screen_w : w, options.screen_h > 0 ? options.screen_h : h, 8, 0, map);
  if (options.transparent >= 0) {
    GraphicsControlBlock control{0, false, 0, options.transparent};
    GifByteType block[4];
    EGifGCBToExtension(&control, block);
    EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, 4, block);
  }
  EGifPutImageDesc(gif, options.left, options.top, w, h, options.interlaced, nullptr);
  const std::vector<std::pair<int, int>> passes = options.interlaced
                                                      ? std::vector<std::pair<int, int>>{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
                                                      : std::vector<std::pair<int, int>>{{0, 1}};
  for (const auto& [first, step] : passes)
    for (int y = first; y < h; y += step) EGifPutLine(gif, const_cast<uint8_t*>(pixels.data() + int64_t{y} * w), w);
  EGifPutImageDesc(gif, 0, 0, 1, 1, false, nullptr);
  GifPixelType zero = 0;
  EGifPutLine(gif, &zero, 1);
  EGifCloseFile(gif, &error);
  GifFreeMapObject(map);
  return bytes;
}

struct TiffOptions {
  uint16_t bits = 8, photometric = PHOTOMETRIC_RGB, compression = COMPRESSION_NONE, orientation = 1;
  bool separate = false;    // planes
  uint32_t strip_rows = 0;  // 0: one strip
  uint32_t tile = 0;        // side; 0: strips
  int extra = -1;           // EXTRASAMPLE_...
  bool thumbnail = false;
  std::vector<uint16_t> palette = {};  // red, green, blue of 2^bits colors each
};

// rows [h][bytes of a row], or [plane][h][bytes of a row], 16 bits in this machine's order; whole tiles only.
inline Bytes make_tiff(int h, int w, uint16_t samples, const Bytes& rows, const TiffOptions& o = {}) {
  const TempFolder folder;
  const std::string path = folder.file("tiff");
  TIFF* tiff = TIFFOpen(path.c_str(), "w");
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, h);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, w);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, o.bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, samples);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, o.photometric);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, o.compression);
  TIFFSetField(tiff, TIFFTAG_ORIENTATION, o.orientation);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, o.separate ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  if (o.thumbnail) TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
  if (o.compression == COMPRESSION_JPEG && o.photometric == PHOTOMETRIC_YCBCR)
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  if (o.extra >= 0) {
    const auto kind = static_cast<uint16_t>(o.extra);
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &kind);
  }
  if (!o.palette.empty()) {
    const size_t n = o.palette.size() / 3;
    TIFFSetField(tiff, TIFFTAG_COLORMAP, o.palette.data(), o.palette.data() + n, o.palette.data() + 2 * n);
  }
  const int planes = o.separate ? samples : 1;
  const size_t row = (static_cast<size_t>(w) * o.bits * (o.separate ? 1u : samples) + 7) / 8;
  if (o.tile > 0) {
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, o.tile);
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, o.tile);
    const size_t tile_row = o.tile * o.bits * (o.separate ? 1u : samples) / 8;
    for (int plane = 0; plane < planes; ++plane)
      for (uint32_t y = 0; y < static_cast<uint32_t>(h); y += o.tile)
        for (uint32_t x = 0; x < static_cast<uint32_t>(w); x += o.tile) {
          Bytes tile(tile_row * o.tile);
          for (uint32_t i = 0; i < o.tile && y + i < static_cast<uint32_t>(h); ++i)
            for (size_t j = 0; j < tile_row && x / o.tile * tile_row + j < row; ++j)
              tile[i * tile_row + j] = rows[(static_cast<size_t>(plane * h) + y + i) * row + x / o.tile * tile_row + j];
          TIFFWriteTile(tiff, tile.data(), x, y, 0, static_cast<uint16_t>(plane));
        }
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, o.strip_rows > 0 ? o.strip_rows : static_cast<uint32_t>(h));
    for (int plane = 0; plane < planes; ++plane)
      for (int y = 0; y < h; ++y)
        TIFFWriteScanline(tiff, const_cast<uint8_t*>(rows.data() + static_cast<size_t>(plane * h + y) * row),
                          static_cast<uint32_t>(y), static_cast<uint16_t>(plane));
  }
  TIFFClose(tiff);
  return read_bytes(path);
}

struct BmpOptions {
  int bits = 24;
  bool top_down = false;
  int header = 40;
  uint32_t compression = 0;
  Bytes tables = {};  // masks or palette, behind the first 40 bytes (12 of the oldest header)
};

// rows as they lie in the file, each of a multiple of 4 bytes.
inline Bytes make_bmp(int h, int w, const Bytes& rows, const BmpOptions& o = {}) {
  Bytes b;
  append(b, "BM");
  append(b, 0, 8);
  const size_t offset = 14 + std::max<size_t>(static_cast<size_t>(o.header), (o.header == 12 ? 12 : 40) + o.tables.size());
  append(b, offset, 4);
  append(b, static_cast<uint64_t>(o.header), 4);
  const int number = o.header == 12 ? 2 : 4;
  append(b, static_cast<uint64_t>(w), number);
  append(b, static_cast<uint64_t>(o.top_down ? -h : h), number);
  append(b, 1, 2);
  append(b, static_cast<uint64_t>(o.bits), 2);
  if (o.header != 12) {
    append(b, o.compression, 4);
    append(b, 0, 20);
  }
  append(b, o.tables);
  b.resize(offset);
  append(b, rows);
  return b;
}

}  // namespace intrain::test
