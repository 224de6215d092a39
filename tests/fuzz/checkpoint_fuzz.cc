// Checkpoints: as they come, and with a fingerprint that fits, so that what lies behind it is read.
#include <cstring>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/error.h"
#include "core/hash.h"
#include "support/memory_file.h"

namespace {

void read(const std::vector<uint8_t>& bytes) {
  using namespace intrain;
  const test::MemoryFile file(bytes.data(), bytes.size());
  try {
    const Checkpoint checkpoint = read_checkpoint(file.path());
    for (const CheckpointArray& a : checkpoint.arrays)
      if (a.offset < 0 || a.offset + a.count * element_bytes(a.type) > static_cast<int64_t>(checkpoint.bytes.size()))
        std::abort();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> bytes(data, data + size);
  read(bytes);
  if (size < sizeof(uint64_t)) return 0;
  const uint64_t digest = intrain::hash64(bytes.data(), size - sizeof digest);
  std::memcpy(bytes.data() + size - sizeof digest, &digest, sizeof digest);
  read(bytes);
  return 0;
}
