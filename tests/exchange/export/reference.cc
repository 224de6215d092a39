// What an exported model is compared with: the test images of a data set, and the logits of Net::evaluate for them.
//
//   export_reference CHECKPOINT DATA DIR
//
// Writes images.npy (u8 [N][C][H][W]), labels.npy (u16 [N]) and logits.npy (s32 [N][classes]) into DIR, for data in memory.
#include <algorithm>
#include <cstdio>
#include <span>

#include "checkpoint/checkpoint.h"
#include "core/error.h"
#include "data/loader.h"
#include "data/source.h"
#include "io/atomic_file.h"
#include "nn/runtime.h"
#include "train/trained_net.h"

namespace intrain {
namespace {

constexpr int kBatch = 100;

// NumPy's format, version 1: type is "u1", "u2", "i4".
template <class T>
void write_npy(const std::string& path, const char* type, const std::vector<int>& shape, const std::vector<T>& values) {
  std::string header = "{'descr': '" + std::string(sizeof(T) == 1 ? "|" : "<") + type + "', 'fortran_order': False, 'shape': (";
  for (const int size : shape) header += std::to_string(size) + ",";
  header += ")}";
  header.resize((header.size() + 10 + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 255);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  file.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  write_file(path, file);
}

std::vector<uint8_t> channels_first(const Dataset& set) {
  std::vector<uint8_t> images(set.images.size());
  size_t to = 0;
  for (int n = 0; n < set.count; ++n)
    for (int c = 0; c < set.c; ++c)
      for (int64_t pixel = 0; pixel < int64_t{set.h} * set.w; ++pixel) images[to++] = set.image(n)[pixel * set.c + c];
  return images;
}

void write_reference(const std::string& path, const std::string& spec, const std::string& folder) {
  const Checkpoint checkpoint = read_checkpoint(path);
  const Dataset set = load_data(spec, {true, {}}).test;
  const int batch = std::min(kBatch, set.count);
  TrainedNet trained(checkpoint, batch, false, std::make_shared<Runtime>(1));
  Net& net = trained.net;

  const Normalization norm = normalization_of(checkpoint);
  Loader loader(set, norm, {.batch = batch});
  std::vector<int32_t> logits;
  for (int64_t step = 0; step < loader.steps_per_epoch(); ++step) {
    const Batch& next = loader.next();
    net.evaluate(next);
    logits.insert(logits.end(), net.logits(), net.logits() + int64_t{next.count} * net.classes());
  }
  write_npy(folder + "/images.npy", "u1", {set.count, set.c, set.h, set.w}, channels_first(set));
  write_npy(folder + "/labels.npy", "u2", {set.count}, set.labels);
  write_npy(folder + "/logits.npy", "i4", {set.count, net.classes()}, logits);
}

}  // namespace
}  // namespace intrain

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: export_reference CHECKPOINT DATA DIR\n");
    return 2;
  }
  try {
    intrain::write_reference(argv[1], argv[2], argv[3]);
  } catch (const intrain::Error& e) {
    std::fprintf(stderr, "error: %s (%s)\n", e.what(), (e.setting + e.where).c_str());
    return 2;
  }
}
