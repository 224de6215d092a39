// IDX files, the format of MNIST and its relatives: plain, or compressed with gzip.
//
// Layout: two zero bytes, a type byte (8: u8, the only one read here), the number of dimensions, each dimension as a big-endian
// u32, then the values in row-major order.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace intrain {

struct IdxArray {
  std::vector<int> dims;
  std::vector<uint8_t> values;  // product of dims
};

// Reads the whole file. Throws Error if it cannot be read, has another magic number or rank, a dimension outside [1, 2^24], more
// than 2^33 values, fewer values than it says, bytes after the last one, or a broken gzip stream.
// check_dims, if given, is called with the dimensions before any value is read: it throws to refuse them. Memory grows with what
// the file really holds, not with what its header says; a gzip stream that unpacks to more than 64 times its size is refused, from 64 MiB on.
IdxArray read_idx(const std::string& path, int rank, const std::function<void(const std::vector<int>& dims)>& check_dims = {});

}  // namespace intrain
