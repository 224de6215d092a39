// Tensors by name in one file, in the format of the Python package safetensors, https://github.com/huggingface/safetensors.
//
// Layout: u64, little-endian, bytes of the header; the header, JSON: an object of name -> {"dtype", "shape", "data_offsets": [begin, end]
// from the end of the header on}, and "__metadata__": an object of texts; the data, little-endian, without gaps.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace intrain {

struct SafeTensor {
  std::string name;
  std::string type;  // "F32", "F16", "BF16", "I16", "I32", "I64" ...
  std::vector<int64_t> shape;
  const void* data;  // bytes() of them
  int64_t count() const;
  int64_t bytes() const;
};

struct SafetensorsFile {
  std::string path;
  std::map<std::string, std::string> metadata;
  std::vector<SafeTensor> tensors;  // in the order of their data; data points into `content`
  std::vector<uint8_t> content;     // behind the header
};

// Checks that the tensors fill the file one after another, each of the size that type and shape say, before memory is taken for any.
// Throws Error, naming the file and the tensor.
SafetensorsFile read_safetensors(const std::string& path);

// Atomic (io/atomic_file.h). Throws Error if the file cannot be written.
void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<SafeTensor>& tensors);

}  // namespace intrain
