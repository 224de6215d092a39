// JPEG, by libjpeg-turbo.
#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>

// Needs FILE declared before it.
#include <jerror.h>
#include <jpeglib.h>

#include "data/exif.h"
#include "data/photo_decoder.h"

namespace intrain {

namespace {

// A file of many scans costs a decoder the time of as many pictures, while a scan may take no more than some bytes. Encoders make some 10, or 20.
constexpr int kMaxScans = 100, kLeastScans = 32;
constexpr int64_t kMaxScannedPixels = int64_t{1} << 31;

// Whether the picture is whole in spite of a warning of libjpeg.
bool harmless(int code) { return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR; }

// libjpeg's errors are thrown as Error through its C code, which Debian compiles with unwind tables; what it holds is freed by the destructor.
class JpegDecoder : public PhotoDecoder {
 public:
  JpegDecoder(const std::string& path, const std::vector<uint8_t>& file) : PhotoDecoder(path, file) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) { refuse(info); };
    errors_.emit_message = [](j_common_ptr info, int level) {
      if (level < 0 && !harmless(info->err->msg_code)) refuse(info);
    };
    progress_.progress_monitor = check_scans;
    info_.client_data = this;
    jpeg_create_decompress(&info_);
    try {
      info_.progress = &progress_;
      jpeg_save_markers(&info_, kExifMarker, 0xffff);
      jpeg_mem_src(&info_, file.data(), file.size());
      jpeg_read_header(&info_, TRUE);
      set_size(info_.image_height, info_.image_width);
      if (jpeg_has_multiple_scans(&info_)) check_whole();
      read_orientation();
    } catch (...) {
      jpeg_destroy_decompress(&info_);
      throw;
    }
  }
  ~JpegDecoder() override { jpeg_destroy_decompress(&info_); }

  using PhotoDecoder::size;
  PhotoSize size(int denominator) const override {
    return {(size().h + denominator - 1) / denominator, (size().w + denominator - 1) / denominator};
  }

  void decode(int denominator, const PhotoRows& rows) override {
    const bool cmyk = info_.num_components == 4;
    info_.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    info_.scale_num = 1;
    info_.scale_denom = static_cast<unsigned>(denominator);
    info_.dct_method = JDCT_ISLOW;  // exact: the same pixels from every CPU
    jpeg_start_decompress(&info_);
    row_.resize(size_t{cmyk ? 4u : 3u} * info_.output_width);
    while (info_.output_scanline < info_.output_height) {
      const auto y = static_cast<int>(info_.output_scanline);
      uint8_t* row = row_.data();
      jpeg_read_scanlines(&info_, &row, 1);
      if (cmyk) to_rgb(row);
      rows(y, row);
    }
    jpeg_finish_decompress(&info_);
  }

 private:
  static constexpr int kExifMarker = JPEG_APP0 + 1;

  [[noreturn]] static void refuse(j_common_ptr info) {
    if (info->err->msg_code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
    char message[JMSG_LENGTH_MAX];
    info->err->format_message(info, message);
    static_cast<JpegDecoder*>(info->client_data)->fail(std::string("not a whole JPEG picture: ") + message);
  }
  // Called again and again while data are read.
  static void check_scans(j_common_ptr info) {
    const JpegDecoder& self = *static_cast<JpegDecoder*>(info->client_data);
    const int64_t pixels = int64_t{self.size().h} * self.size().w;
    if (self.info_.input_scan_number > std::clamp<int64_t>(kMaxScannedPixels / pixels, kLeastScans, kMaxScans))
      self.fail("not a whole JPEG picture: it has too many scans");
  }
  void read_orientation() {
    constexpr char kExif[] = {'E', 'x', 'i', 'f', 0, 0};
    for (const jpeg_marker_struct* m = info_.marker_list; m != nullptr; m = m->next)
      if (m->marker == kExifMarker && m->data_length > sizeof kExif && std::memcmp(m->data, kExif, sizeof kExif) == 0)
        return set_orientation(exif_orientation(m->data, m->data_length));
  }
  // Paper shows what ink leaves of the light. Programs of Adobe, which mark their files, store the light, not the ink. In place.
  void to_rgb(uint8_t* row) const {
    const int flip = info_.saw_Adobe_marker ? 0 : 255;
    for (unsigned x = 0; x < info_.output_width; ++x) {
      const uint8_t* from = row + size_t{4} * x;
      const int black = from[3] ^ flip;
      for (unsigned ch = 0; ch < 3; ++ch) row[size_t{3} * x + ch] = behind_black(from[ch] ^ flip, black);
    }
  }

  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::vector<uint8_t> row_;
};

}  // namespace

std::unique_ptr<PhotoDecoder> open_jpeg(const std::string& path, const std::vector<uint8_t>& bytes) {
  return std::make_unique<JpegDecoder>(path, bytes);
}

// Running, libjpeg tells no version but that of the interface, so that the file which it was loaded from stands for it.
std::string jpeg_version() {
  jpeg_error_mgr errors{};
  jpeg_std_error(&errors);
  std::string version = errors.jpeg_message_table[JMSG_VERSION];
  version += errors.jpeg_message_table[JMSG_COPYRIGHT];
  Dl_info loaded{};
  struct stat file {};
  // A function of its own: not by way of ours, as the address of one that we call may be.
  if (dladdr(reinterpret_cast<void*>(errors.format_message), &loaded) == 0 || loaded.dli_fname[0] != '/' ||
      stat(loaded.dli_fname, &file) != 0)
    return version;
  return version + " " + std::to_string(file.st_size) + " " + std::to_string(file.st_mtim.tv_sec);
}

}  // namespace intrain
