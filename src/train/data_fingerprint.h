// Which images a run began with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "data/dataset.h"

namespace intrain {

// Of photos, in the order of their numbers.
struct PhotoList {
  struct Split {
    std::vector<uint16_t> labels;
    std::vector<std::string> files;  // beneath DataSplits::folder: "train/cat/1.jpg"
    std::vector<uint64_t> hashes;    // of the files' bytes (Dataset::file_hashes)
  };
  Split train, test;
};

// Of data with files.
PhotoList photo_list_of(const DataSplits& data);

// Labels in the order of the images; of images in memory the pixels, of photos the names beneath DataSplits::folder and what the files hold.
DataFingerprint fingerprint_of(const DataSplits& data);
DataFingerprint fingerprint_of(const PhotoList& list);

}  // namespace intrain
