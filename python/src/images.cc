#include "images.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "core/batch.h"
#include "core/slice.h"
#include "data/augment.h"
#include "errors.h"
#include "ranks.h"
#include "train/over_ranks.h"

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

Logits logits_of(Net& net, const Normalization& norm, const TestViews& views, const uint8_t* images, int64_t count, int batch,
                 const std::atomic<int>* stop) {
  const int64_t pixels = int64_t{net.height()} * net.width(), size = pixels * net.channels();
  const auto most = static_cast<size_t>(std::min<int64_t>(batch, count));
  TestLogits test(net, views);
  Logits logits;
  logits.values.reserve(static_cast<size_t>(count * net.classes()));
  Batch b;
  b.images.resize(most * static_cast<size_t>(size));
  b.labels.resize(most);
  Reducer& reducer = net.runtime().reducer();
  WholeBatch whole(net);
  for (int64_t begin = 0; begin < count; begin += batch) {
    if (on_any(reducer, *stop != 0)) {
      if (*stop == 0) throw stopped_elsewhere();
      break;
    }
    b.total = static_cast<int>(std::min<int64_t>(batch, count - begin));
    const Slice mine = slice_of(b.total, reducer.rank(), reducer.ranks());
    b.first = static_cast<int>(mine.first);
    b.count = static_cast<int>(mine.count);
    normalize_image(images + (begin + mine.first) * size, b.count * pixels, net.channels(), norm, b.images.data());
    if (b.count > 0) test.evaluate(b);
    whole.gather(b, test.logits(), test.exp());
    logits.values.insert(logits.values.end(), whole.logits(), whole.logits() + int64_t{whole.count()} * net.classes());
  }
  // A rank may have had no image, and computed no exponent.
  logits.exp = count > 0 ? whole.logits_exp() : test.exp();
  return logits;
}

}  // namespace intrain::python
