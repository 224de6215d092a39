#include "exchange/import/border.h"

#include <algorithm>

#include "core/stop.h"
#include "data/loader.h"

namespace intrain {

BorderHits border_hits(Net& net, const Dataset& train, const Normalization& norm, bool mirror, int images, int batch,
                       const std::atomic<int>* stop) {
  const auto hits = [&](Border border) {
    Loader loader(train, norm,
                  {.batch = batch,
                   .training = true,
                   .mirror = mirror ? Mirror::kRandom : Mirror::kNone,
                   .threads = net.runtime().pool().threads(),
                   .border = border});
    int64_t sum = 0;
    for (int i = 0; i < (images + batch - 1) / batch; ++i) {
      check_stop(stop);
      const Batch& next = loader.next();
      net.evaluate(next);
      for (int n = 0; n < next.count; ++n) {
        const int32_t* logits = net.logits() + int64_t{n} * net.classes();
        sum += std::max_element(logits, logits + net.classes()) - logits == next.labels[static_cast<size_t>(n)];
      }
    }
    return sum;
  };
  return {hits(Border::kMean), hits(Border::kBlack)};
}

}  // namespace intrain
