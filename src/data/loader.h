// Batches from a data set, prepared by threads of its own while the net works on earlier ones.
#pragma once

#include <cstdint>
#include <memory>

#include "base/api.h"
#include "core/batch.h"
#include "data/dataset.h"
#include "data/loader_options.h"

namespace intrain {

class Loader {
 public:
  // `set` must outlive the loader. Takes all memory here. Throws Error for options that cannot be, a set without images, or with fewer pixels or
  // labels than it says.
  INTRAIN_API Loader(const Dataset& set, const Normalization& norm, const LoaderOptions& options);
  INTRAIN_API ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  INTRAIN_API int64_t steps_per_epoch() const;

  // The next batch, epoch after epoch without end; waits for it if need be. It stays as it is until the next call. What a batch holds is a
  // function of the options and its number alone. Throws Error if a photo cannot be read any more.
  INTRAIN_API const Batch& next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace intrain
