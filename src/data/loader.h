// Batches from a data set, prepared by threads of its own while the net works on earlier ones.
#pragma once

#include <cstdint>
#include <memory>

#include "base/api.h"
#include "core/batch.h"
#include "data/augmentation.h"
#include "data/dataset.h"

namespace intrain {

struct LoaderOptions {
  int batch = 0;                  // images a batch, of all ranks, 1 .. set.count when training
  bool training = false;          // shuffled, and the incomplete last batch left out; else in order, and whole
  Mirror mirror = Mirror::kNone;  // training: which images are mirrored
  uint64_t seed = 0;              // of order, crops and mirrors
  int64_t first_step = 0;         // number of the first batch: step s is batch s mod steps_per_epoch of epoch s / steps_per_epoch
  int threads = 1;                // that decode photos; images in memory take one
  bool augment = true;            // training: random windows and mirrors; else the images as evaluation sees them
  // training: an epoch shows all classes equally often (data/sampler.h), each time in a window of its own
  bool balance = false;
  Border border = Border::kMean;  // training: what windows show beyond an image
  int shift = kAutoShift;         // training: pixels that they may be moved by, less than the images have rows and columns
  int cutout = 0;                 // training: side of a square that shows nothing, up to the images' shorter side; 0: none
  ColorJitter color_jitter = {};  // training; saturation alone of images of 3 channels
  int mixup = 0;                  // training: alpha in tenths (data/mixup.h) of the shares of images that are mixed; 0: none is
  // Of each batch only the images of this rank (core/slice.h) are read, and with mixup the one after; when training there are at most as many
  // ranks as images a batch.
  int rank = 0, ranks = 1;
};

// Throws Error, naming the setting, if a training cannot show the images of `set` so: what the comments above do not allow.
INTRAIN_API void check_augmentation(const Dataset& set, const LoaderOptions& options);

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
