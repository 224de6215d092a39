// What was found in photos, kept from one start to the next: a photo is read again when its file has changed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace intrain {

// Of a photo that can be read.
struct PhotoFacts {
  uint64_t stamp = 0;                          // PhotoManifest::stamp_of before it was read
  uint64_t hash = 0;                           // XXH3-64 of the file's bytes
  std::array<PixelSums, kMaxChannels> sums{};  // of its pixels as evaluation sees it
  bool operator==(const PhotoFacts&) const = default;
};

// By the path beneath the data set's folder.
using PhotosFacts = std::map<std::string, PhotoFacts>;

// A record each: the eight numbers of PhotoFacts in the machine's order of bytes, and the path with a zero.
std::string photo_facts_bytes(const PhotosFacts& photos);
// Of photos of `pixels` pixels, at most kMostManifestSide^2. Throws std::invalid_argument for what is none, and for sums that no pixels have.
PhotosFacts parse_photo_facts(const uint8_t* data, size_t bytes, int64_t pixels);

constexpr int kMostManifestSide = 2048;  // larger photos are read at each start

// The manifest of a data set: a file in `cache`, named by what it depends on besides the photos: the data set's folder, side and crop, who reads
// them, and the versions of this program and of what decodes photos. No error is thrown of it: what cannot be read is as if it were not there.
class PhotoManifest {
 public:
  // cache: a folder, made when it is needed; empty: nothing is known, and nothing kept. dir: the data set's. now: ns since 1970.
  PhotoManifest(const std::string& cache, const std::string& dir, int side, int crop_q16, int64_t now = clock_ns());
  static int64_t clock_ns();

  bool is_kept() const { return !path_.empty(); }
  const std::string& path() const { return path_; }
  // A hash of all by which a change of the file shows: size, number, and the times of the last change of its bytes and of its entry. 0: it is not
  // there, or may change without a trace: times are counted in steps, of two seconds in some file systems, and it was changed less than that
  // before the manifest was made, or after.
  uint64_t stamp_of(const std::string& file) const;
  // What is known of a file of `stamp`; stamp 0: nothing is. From any thread.
  PhotoFacts find(const std::string& file, uint64_t stamp) const;

  // Keeps what was found in `file`, whose facts have a stamp of this start; is_new: which find() did not know.
  void add(const std::string& file, const PhotoFacts& facts, bool is_new);
  // Writes what was added, and what was known of other files that have not changed since; nothing if nothing of it is new. Of processes that write
  // at once one is the last, and what the others found is found again.
  void save();

  // Why photos are read that need not be, in one line: the manifest could not be read, or not be written. Empty: nothing is wrong with it.
  const std::string& note() const { return note_; }

 private:
  void read();
  std::string name_of(const std::string& file) const { return file.substr(dir_.size() + 1); }

  const std::string dir_;
  const int64_t pixels_;
  const int64_t settled_;  // ns since 1970: files that changed before show each change
  uint64_t key_ = 0;
  std::string path_;  // empty: nothing is kept
  PhotosFacts known_, added_;
  bool has_new_ = false;  // among what was added
  std::string note_;
};

}  // namespace intrain
