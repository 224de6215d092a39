#include "data/photo_reader.h"

#include <algorithm>

namespace intrain {

void PhotoReader::read_window(const Window& window, int h, int w, uint8_t* dst) {
  int denominator = 8;
  while (denominator > 1 && (window.h / denominator < h || window.w / denominator < w)) denominator /= 2;
  // The same place in the picture that comes, which may be smaller.
  const PhotoSize size = file_.size(denominator), full = file_.size(1);
  const auto scaled = [](int at, int to, int from) { return static_cast<int>(int64_t{at} * to / from); };
  const Window part{scaled(window.y, size.h, full.h), scaled(window.x, size.w, full.w),
                    std::max(1, scaled(window.h, size.h, full.h)), std::max(1, scaled(window.w, size.w, full.w))};
  resizer_.begin(part.h, part.w, h, w);
  file_.decode(denominator, part, [&](int y, const uint8_t* rgb) { resizer_.add_row(y, rgb); });
  resizer_.finish(dst);
  // What a very large one took is not kept for as long as the thread lives.
  if (file_.memory_bytes() + resizer_.memory_bytes() > kept_bytes_) {
    file_ = {};
    resizer_ = {};
  }
}

void PhotoReader::read(const std::string& path, int crop_q16, int h, int w, uint8_t* dst, uint64_t* file_hash) {
  file_.open(path);
  if (file_hash != nullptr) *file_hash = file_.hash();
  read_window(evaluation_window(crop_q16, file_.h(), file_.w()), h, w, dst);
}

void PhotoReader::read(const std::string& path, int h, int w, uint64_t seed, uint32_t epoch, uint32_t sample, uint8_t* dst,
                       uint64_t* file_hash) {
  file_.open(path);
  if (file_hash != nullptr) *file_hash = file_.hash();
  read_window(random_window(seed, epoch, sample, file_.h(), file_.w()), h, w, dst);
}

void PhotoReader::read_whole(const std::string& path, int h, int w, uint8_t* dst) {
  file_.open(path);
  read_window(whole_window(file_.h(), file_.w(), h, w), h, w, dst);
}

}  // namespace intrain
