// WebP, by libwebp. Its vector code returns the bits of its C code, which tests/data/photo_webp_test.cc shows; dithering is off.
#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "data/exif.h"
#include "data/photo_decoder.h"

namespace intrain {

namespace {

class WebpDecoder : public PhotoDecoder {
 public:
  WebpDecoder(const std::string& path, const std::vector<uint8_t>& file) : PhotoDecoder(path, file) {
    const WebPData data{file.data(), file.size()};
    demux_.reset(WebPDemux(&data));
    if (!demux_) fail("not a whole WebP picture");
    set_size(WebPDemuxGetI(demux_.get(), WEBP_FF_CANVAS_HEIGHT), WebPDemuxGetI(demux_.get(), WEBP_FF_CANVAS_WIDTH));
    check_whole();
    WebPChunkIterator chunk;
    if (WebPDemuxGetChunk(demux_.get(), "EXIF", 1, &chunk) != 0)
      set_orientation(exif_orientation(chunk.chunk.bytes, chunk.chunk.size));
    WebPDemuxReleaseChunkIterator(&chunk);
    // Of an animation the first picture, which may be smaller than the canvas.
    WebPIterator frame;
    const bool there = WebPDemuxGetFrame(demux_.get(), 1, &frame) != 0 && frame.complete != 0;
    frame_ = {frame.y_offset, frame.x_offset, frame.height, frame.width};
    picture_ = frame.fragment;
    WebPDemuxReleaseIterator(&frame);
    const bool inside = frame_.y >= 0 && frame_.x >= 0 && frame_.h >= 1 && frame_.w >= 1 && frame_.h <= size().h - frame_.y &&
                        frame_.w <= size().w - frame_.x;
    if (!there || !inside) fail("not a whole WebP picture");
  }

  void decode(int /*denominator*/, const PhotoRows& rows) override {
    WebPDecoderConfig config;
    if (WebPInitDecoderConfig(&config) == 0) fail("libwebp is of another version than its headers");
    check(WebPGetFeatures(picture_.bytes, picture_.size, &config.input));
    if (config.input.height != frame_.h || config.input.width != frame_.w) fail("not a whole WebP picture: its sizes differ");
    const size_t channels = config.input.has_alpha != 0 ? 4 : 3;
    const size_t stride = channels * static_cast<size_t>(frame_.w);
    std::vector<uint8_t> whole(stride * static_cast<size_t>(frame_.h));
    config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA = {whole.data(), static_cast<int>(stride), whole.size()};
    check(WebPDecode(picture_.bytes, picture_.size, &config));

    std::vector<uint8_t> row(size_t{3} * static_cast<size_t>(size().w));
    for (int y = 0; y < size().h; ++y) {
      std::fill(row.begin(), row.end(), uint8_t{255});
      if (y >= frame_.y && y < frame_.y + frame_.h)
        put_row(whole.data() + stride * static_cast<size_t>(y - frame_.y), channels, row.data() + int64_t{3} * frame_.x);
      rows(y, row.data());
    }
  }

 private:
  void check(VP8StatusCode status) const {
    if (status == VP8_STATUS_OUT_OF_MEMORY) throw std::bad_alloc();
    if (status != VP8_STATUS_OK) fail("not a whole WebP picture: status " + std::to_string(status) + " of libwebp");
  }
  void put_row(const uint8_t* from, size_t channels, uint8_t* to) const {
    for (int x = 0; x < frame_.w; ++x, from += channels, to += 3)
      for (int ch = 0; ch < 3; ++ch) to[ch] = channels == 4 ? on_white(from[ch], from[3]) : from[ch];
  }

  struct Delete {
    void operator()(WebPDemuxer* demux) const { WebPDemuxDelete(demux); }
  };
  std::unique_ptr<WebPDemuxer, Delete> demux_;
  Window frame_{0, 0, 0, 0};
  WebPData picture_{nullptr, 0};  // in the file's bytes
};

}  // namespace

std::unique_ptr<PhotoDecoder> open_webp(const std::string& path, const std::vector<uint8_t>& bytes) {
  return std::make_unique<WebpDecoder>(path, bytes);
}

std::string webp_version() { return "libwebp " + std::to_string(WebPGetDecoderVersion()); }

}  // namespace intrain
