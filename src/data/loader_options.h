// What a Loader (data/loader.h) shows of a data set.
#pragma once

#include <cstdint>

#include "base/api.h"
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

  bool augments() const { return training && augment; }
  bool mixes() const { return augments() && mixup != 0; }
};

// Throws Error, naming the setting, if a training cannot show the images of `set` so: what the comments above do not allow.
INTRAIN_API void check_augmentation(const Dataset& set, const LoaderOptions& options);

}  // namespace intrain
