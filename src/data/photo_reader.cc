#include "data/photo_reader.h"

#include <algorithm>

namespace intrain {

void PhotoReader::read_window(const Window& window, int h, int w, uint8_t* dst) {
  int denominator = 8;
  while (denominator > 1 && (window.h / denominator < h || window.w / denominator < w)) denominator /= 2;
  file_.decode(denominator, photo_);
  // The same place in the photo that came, which may be smaller.
  const auto scaled = [](int at, int to, int from) { return static_cast<int>(int64_t{at} * to / from); };
  Window part{scaled(window.y, photo_.h, file_.h()), scaled(window.x, photo_.w, file_.w()),
              std::max(1, scaled(window.h, photo_.h, file_.h())), std::max(1, scaled(window.w, photo_.w, file_.w()))};
  resizer_.resize(photo_, part, h, w, dst);
}

void PhotoReader::read(const std::string& path, int h, int w, uint8_t* dst) {
  file_.open(path);
  read_window(center_window(file_.h(), file_.w()), h, w, dst);
}

void PhotoReader::read(const std::string& path, int h, int w, uint64_t seed, uint32_t epoch, uint32_t sample, uint8_t* dst) {
  file_.open(path);
  read_window(random_window(seed, epoch, sample, file_.h(), file_.w()), h, w, dst);
}

void PhotoReader::read_whole(const std::string& path, int h, int w, uint8_t* dst) {
  file_.open(path);
  read_window(whole_window(file_.h(), file_.w(), h, w), h, w, dst);
}

}  // namespace intrain
