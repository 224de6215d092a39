// The data that a run goes on with after a stop: those that it began with, or what is left of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "data/dataset.h"

namespace intrain {

// Throws Error, naming what differs, unless `now` is the data of the run of `from`: classes and their names, size, number, labels and pixels of
// the images, or the names of the photos. Photos may be gone, or not readable any more, if photos.txt of the run's `folder` tells which: for a
// training photo the next one of its class in the run's order stands in, the first one after the last; test photos are left out. What a run
// computes is so a function of its checkpoint and of the photos that are there. Not for checkpoints without a fingerprint: their data need as many
// images.
class RunData {
 public:
  RunData(const DataSplits& now, const Checkpoint& from, const std::string& folder);
  // As for a run that begins.
  explicit RunData(const DataSplits& now) : now_(now) {}

  const DataSplits& splits() const { return mended_ ? *mended_ : now_; }
  bool is_mended() const { return mended_.has_value(); }
  // A line for each photo that is gone, with what stands in for it; those that are there but cannot be read stand in splits().broken.
  const std::vector<std::string>& gone() const { return gone_; }
  // Whether the training images are all those that the run began with: else they do not tell the scaling of its pixels.
  bool scaling_is_known() const { return scaling_is_known_; }

 private:
  void mend(const Checkpoint& from, const std::string& folder);

  const DataSplits& now_;
  std::optional<DataSplits> mended_;
  std::vector<std::string> gone_;
  bool scaling_is_known_ = true;
};

}  // namespace intrain
