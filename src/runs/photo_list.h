// The file photos.txt of a run folder: which photos the run began with.
#pragma once

#include <string>

#include "train/data_fingerprint.h"

namespace intrain {

// A line for each photo, "train 3 0123456789abcdef train/cat/1.jpg", with its label and hash, and with \n, \r and \\ for what would end a line; bytes of names stay as they are.
std::string photo_list_text(const PhotoList& list);
// Throws std::invalid_argument for what is none.
PhotoList parse_photo_list(const std::string& text);

}  // namespace intrain
