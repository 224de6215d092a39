// JPEG and PNG files: decoded whole and at a fraction of their size.
#include "core/error.h"
#include "data/photo.h"
#include "support/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace intrain;
  const test::MemoryFile memory(data, bytes);
  for (const int denominator : {1, 8}) try {
      PhotoFile file;
      file.open(memory.path());
      if (int64_t{file.h()} * file.w() > 1 << 20) return 0;  // allowed, but slow
      Photo photo;
      file.decode(denominator, photo);
      if (static_cast<int64_t>(photo.pixels.size()) != int64_t{3} * photo.h * photo.w) std::abort();
    } catch (const Error&) {
    }
  return 0;
}
