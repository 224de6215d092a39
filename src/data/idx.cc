#include "data/idx.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/text.h"

namespace intrain {

namespace {

constexpr uint32_t kMaxDim = 1u << 24;
constexpr int64_t kMaxValues = int64_t{1} << 33;
constexpr int64_t kChunkBytes = int64_t{1} << 24;
// Images shrink to a third or a tenth. Beyond this ratio, in more than a few megabytes, the file is made to fill memory.
constexpr int64_t kMaxRatio = 64, kFreeBytes = int64_t{1} << 26;

// A gzip stream or a plain file: gzread tells them apart by the first two bytes.
class InputStream {
 public:
  explicit InputStream(const std::string& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
    if (file_ == nullptr)
      throw Error(std::string("cannot open the file: ") + std::strerror(errno), path, "check the path and its permissions");
    gzbuffer(file_, 1u << 18);
  }
  ~InputStream() { gzclose(file_); }
  InputStream(const InputStream&) = delete;
  InputStream& operator=(const InputStream&) = delete;

  // Returns the bytes read: fewer than `size` only at the end of the file.
  int64_t read(uint8_t* dst, int64_t size) {
    int64_t done = 0;
    while (done < size) {
      const int n = gzread(file_, dst + done, static_cast<unsigned>(std::min(size - done, kChunkBytes)));
      if (n < 0) fail();
      if (n == 0) break;
      done += n;
    }
    if (done < size) {
      int status = Z_OK;
      gzerror(file_, &status);
      if (status != Z_OK && status != Z_STREAM_END) fail();  // the compressed stream stops in the middle
    }
    done_ += done;
    if (done_ > kFreeBytes && done_ / kMaxRatio > gzoffset(file_))
      throw Error("it unpacks to more than " + std::to_string(kMaxRatio) + " times its size", path_,
                  "no images shrink so far; if they do, unpack it with gunzip");
    return done;
  }

 private:
  [[noreturn]] void fail() {
    int status = Z_OK;
    const char* text = gzerror(file_, &status);
    const std::string reason = status == Z_ERRNO ? std::strerror(errno) : text;
    throw Error("cannot read the file: " + reason, path_, "the file is damaged or incomplete: fetch it again");
  }

  std::string path_;
  gzFile file_;
  int64_t done_ = 0;
};

uint32_t big_endian(const uint8_t* p) { return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3]; }

}  // namespace

IdxArray read_idx(const std::string& path, int rank, const std::function<void(const std::vector<int>& dims)>& check_dims) {
  InputStream in(path);
  const std::string again = "the file is damaged or incomplete: fetch it again";

  uint8_t magic[4];
  if (in.read(magic, 4) != 4) throw Error("truncated IDX file: no magic number", path, again);
  const uint32_t expected = 0x0800u + static_cast<uint32_t>(rank);
  if (big_endian(magic) != expected)
    throw Error("wrong magic number " + std::to_string(big_endian(magic)) + ", expected " + std::to_string(expected) +
                    " (IDX of u8 with " + plural(rank, "dimension") + ")",
                path, "images have the magic number 2051, labels 2049: are the two exchanged, or is it another format?");

  IdxArray array;
  int64_t total = 1;
  for (int d = 0; d < rank; ++d) {
    uint8_t word[4];
    if (in.read(word, 4) != 4) throw Error("truncated IDX file: dimension " + std::to_string(d) + " is missing", path, again);
    const uint32_t dim = big_endian(word);
    if (dim == 0 || dim > kMaxDim)
      throw Error(
          "dimension " + std::to_string(d) + " is " + std::to_string(dim) + ", outside [1, " + std::to_string(kMaxDim) + "]",
          path, again);
    array.dims.push_back(static_cast<int>(dim));
    total *= dim;  // at most 2^33 * 2^24
    if (total > kMaxValues) throw Error("more than 2^33 values", path, "split the data");
  }
  if (check_dims) check_dims(array.dims);

  for (int64_t done = 0; done < total;) {
    const int64_t part = std::min(total - done, kChunkBytes);
    array.values.resize(static_cast<size_t>(done + part));
    const int64_t got = in.read(array.values.data() + done, part);
    done += got;
    if (got < part)
      throw Error("truncated IDX file: " + std::to_string(done) + " of " + std::to_string(total) + " values", path, again);
  }
  uint8_t more;
  if (in.read(&more, 1) != 0) throw Error("bytes after the last of " + std::to_string(total) + " values", path, again);
  return array;
}

}  // namespace intrain
