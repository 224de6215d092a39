// Which photos a run began with, in the order of their numbers: the file photos.txt of its folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "data/dataset.h"

namespace intrain {

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

// A line for each photo, "train 3 0123456789abcdef train/cat/1.jpg", with its label and hash, and with \n, \r and \\ for what would end a line; bytes of names stay as they are.
std::string photo_list_text(const PhotoList& list);
// Throws std::invalid_argument for what is none.
PhotoList parse_photo_list(const std::string& text);

// Labels in the order of the images; of images in memory the pixels, of photos the names beneath DataSplits::folder and what the files hold.
DataFingerprint fingerprint_of(const DataSplits& data);
DataFingerprint fingerprint_of(const PhotoList& list);

}  // namespace intrain
