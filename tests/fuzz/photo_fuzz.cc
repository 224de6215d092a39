// Picture files of every kind: decoded whole, at a fraction of their size, and in part.
#include <cstdlib>
#include <new>

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
      const PhotoSize size = file.size(denominator);
      const Window window{size.h / 3, size.w / 4, (size.h + 1) / 2, (size.w + 1) / 2};
      std::vector<int> seen(static_cast<size_t>(window.h));
      unsigned sum = 0;  // so that each byte is looked at
      file.decode(denominator, window, [&](int y, const uint8_t* rgb) {
        ++seen.at(static_cast<size_t>(y));
        for (int i = 0; i < 3 * window.w; ++i) sum += rgb[i];
      });
      for (const int times : seen)
        if (times != 1 || sum > 255u * 3 * (1 << 20)) std::abort();
    } catch (const Error&) {
    }
  return 0;
}
