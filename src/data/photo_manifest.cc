#include "data/photo_manifest.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/version.h"
#include "data/photo.h"
#include "io/atomic_file.h"
#include "io/read_file.h"

namespace intrain {

namespace fs = std::filesystem;

namespace {

// To be raised when other pixels are made of the same file: by the resizing, the crop, or a decoder of our own.
constexpr int kPixelsVersion = 1;
constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kStep = 2 * kSecond;  // of the coarsest file system's times: FAT
constexpr int64_t kMaxBytes = int64_t{1} << 32;

using Record = std::array<uint64_t, 8>;
static_assert(sizeof(PhotoFacts) == sizeof(Record));

// A file begins with these; the hash is of all behind it.
struct Header {
  std::array<char, 8> mark = {'i', 'n', 't', 'r', 'p', 'h', 't', '1'};
  uint64_t key = 0, hash = 0;
};
static_assert(sizeof(Header) == 24);

int64_t ns_of(const timespec& t) { return int64_t{t.tv_sec} * kSecond + t.tv_nsec; }

// Sums of `pixels` values p of 0 to 255, p <= p^2 <= 255 p. (sum p)^2 <= n sum p^2 keeps the variance of a whole set from being negative.
bool can_be(const PixelSums& s, int64_t pixels) {
  constexpr int64_t kMostPixels = int64_t{kMostManifestSide} * kMostManifestSide;
  static_assert(kMostPixels < int64_t{1} << 23 && (kMostPixels << 8) < int64_t{1} << 31, "both products are below 2^62");
  return s.sum >= 0 && s.sum <= 255 * pixels && s.sum <= s.squares && s.squares <= 255 * s.sum &&
         s.sum * s.sum <= pixels * s.squares;
}

// The folder by its one true name, which links to it and the working folder do not change; empty if it has none.
std::string real_path(const std::string& dir) {
  std::error_code reason;
  const fs::path path = fs::canonical(dir, reason);
  return reason ? "" : path.string();
}

// A folder that is made for the manifests is the user's alone: paths of photos may tell of what is in them.
void make_folder(const fs::path& folder) {
  std::error_code ignored;  // what is wrong shows when the file is made
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), ignored);
  mkdir(folder.c_str(), S_IRWXU);
}

}  // namespace

std::string photo_facts_bytes(const PhotosFacts& photos) {
  std::string bytes;
  for (const auto& [name, facts] : photos) {
    const auto record = std::bit_cast<Record>(facts);
    bytes.append(reinterpret_cast<const char*>(record.data()), sizeof record);
    bytes.append(name.c_str(), name.size() + 1);
  }
  return bytes;
}

PhotosFacts parse_photo_facts(const uint8_t* data, size_t bytes, int64_t pixels) {
  PhotosFacts photos;
  for (const uint8_t *at = data, *const end = data + bytes; at < end;) {
    if (static_cast<size_t>(end - at) <= sizeof(Record)) throw std::invalid_argument("its last record is cut off");
    Record record;
    std::memcpy(record.data(), at, sizeof record);
    at += sizeof record;
    const auto* zero = static_cast<const uint8_t*>(std::memchr(at, 0, static_cast<size_t>(end - at)));
    if (zero == nullptr) throw std::invalid_argument("its last record is cut off");
    std::string name(at, zero);
    at = zero + 1;
    const auto facts = std::bit_cast<PhotoFacts>(record);
    const bool possible =
        std::all_of(facts.sums.begin(), facts.sums.end(), [&](const PixelSums& s) { return can_be(s, pixels); });
    if (name.empty() || facts.stamp == 0 || !possible) throw std::invalid_argument("it has a record of no photo");
    if (!photos.emplace(std::move(name), facts).second) throw std::invalid_argument("it has two records of a photo");
  }
  return photos;
}

int64_t PhotoManifest::clock_ns() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return ns_of(t);
}

PhotoManifest::PhotoManifest(const std::string& cache, const std::string& dir, int side, int crop_q16, int64_t now)
    : dir_(dir), pixels_(int64_t{side} * side), settled_(now - kStep) {
  const std::string folder = real_path(dir);
  if (cache.empty() || folder.empty() || side > kMostManifestSide) return;
  std::string of = std::to_string(kPixelsVersion) + " " + kVersion + " " + decoder_versions();
  for (const int64_t number : {int64_t{side}, int64_t{crop_q16}, int64_t{geteuid()}}) of += " " + std::to_string(number);
  of += " " + folder;
  key_ = hash64(of.data(), of.size());
  constexpr char kDigits[] = "0123456789abcdef";
  path_ = cache + "/photos-";
  for (int shift = 60; shift >= 0; shift -= 4) path_ += kDigits[key_ >> shift & 15];
  read();
}

void PhotoManifest::read() {
  std::error_code reason;
  if (!fs::exists(path_, reason) && !reason) return;
  try {
    const std::vector<uint8_t> bytes = read_file(path_, sizeof(Header), kMaxBytes, "it is no manifest", "");
    const uint8_t* const body = bytes.data() + sizeof(Header);
    const size_t size = bytes.size() - sizeof(Header);
    Header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.mark != Header{}.mark || header.key != key_) throw std::invalid_argument("it is of something else");
    if (header.hash != hash64(body, size)) throw std::invalid_argument("it is damaged");
    known_ = parse_photo_facts(body, size, pixels_);
  } catch (const std::bad_alloc&) {
    note_ = "photos are read again that were checked before: memory cannot hold " + path_;
  } catch (const std::exception& e) {  // Error too
    note_ = std::string("photos are read again that were checked before: ") + e.what() + " (" + path_ + ")";
  }
}

uint64_t PhotoManifest::stamp_of(const std::string& file) const {
  struct stat s {};
  if (stat(file.c_str(), &s) != 0) return 0;
  const int64_t bytes_time = ns_of(s.st_mtim), entry_time = ns_of(s.st_ctim);
  if (std::max(bytes_time, entry_time) >= settled_) return 0;
  const std::array<int64_t, 4> all = {s.st_size, static_cast<int64_t>(s.st_ino), bytes_time, entry_time};
  return std::max<uint64_t>(1, hash64(all.data(), sizeof all));
}

PhotoFacts PhotoManifest::find(const std::string& file, uint64_t stamp) const {
  if (stamp == 0 || known_.empty()) return {};
  const auto at = known_.find(name_of(file));
  return at == known_.end() || at->second.stamp != stamp ? PhotoFacts{} : at->second;
}

void PhotoManifest::add(const std::string& file, const PhotoFacts& facts, bool is_new) {
  added_[name_of(file)] = facts;
  has_new_ |= is_new;
}

void PhotoManifest::save() {
  if (!is_kept() || !has_new_) return;
  try {
    for (const auto& [name, facts] : known_)
      if (!added_.contains(name) && stamp_of(dir_ + "/" + name) == facts.stamp) added_.emplace(name, facts);
    const std::string body = photo_facts_bytes(added_);
    Header header;
    header.key = key_;
    header.hash = hash64(body.data(), body.size());
    make_folder(fs::path(path_).parent_path());
    AtomicFile file(path_);
    file.write(&header, sizeof header);
    file.write(body.data(), body.size());
    file.commit();
  } catch (const Error& e) {
    note_ = std::string("the next start reads these photos again: ") + e.what() + " (" + path_ + ")";
  } catch (const std::bad_alloc&) {
    note_ = "the next start reads these photos again: memory cannot hold " + path_;
  }
  known_.clear();
  added_.clear();
}

}  // namespace intrain
