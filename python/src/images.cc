#include "images.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "core/batch.h"
#include "data/augment.h"
#include "errors.h"

namespace intrain::python {

void check_images(const Net& net, const ImageArray& images) {
  const auto text = [](size_t h, size_t w, size_t c) {
    return std::to_string(h) + "x" + std::to_string(w) + "x" + std::to_string(c);
  };
  const auto h = static_cast<size_t>(net.height()), w = static_cast<size_t>(net.width()), c = static_cast<size_t>(net.channels());
  if (images.shape(1) != h || images.shape(2) != w || images.shape(3) != c)
    throw KindError(
        Error("images of " + text(images.shape(1), images.shape(2), images.shape(3)) + " for a net that takes " + text(h, w, c),
              "", "give images like those that it was made for"),
        Kind::kData);
}

std::vector<int32_t> logits_of(Net& net, const Normalization& norm, const uint8_t* images, int64_t count, int batch,
                               const std::atomic<int>* stop) {
  const int64_t pixels = int64_t{net.height()} * net.width(), size = pixels * net.channels();
  const auto most = static_cast<size_t>(std::min<int64_t>(batch, count));
  std::vector<int32_t> logits;
  logits.reserve(static_cast<size_t>(count * net.classes()));
  Batch b;
  b.images.resize(most * static_cast<size_t>(size));
  b.labels.resize(most);
  for (int64_t begin = 0; begin < count && *stop == 0; begin += batch) {
    b.count = static_cast<int>(std::min<int64_t>(batch, count - begin));
    normalize_image(images + begin * size, b.count * pixels, net.channels(), norm, b.images.data());
    net.evaluate(b);
    logits.insert(logits.end(), net.logits(), net.logits() + int64_t{b.count} * net.classes());
  }
  return logits;
}

}  // namespace intrain::python
