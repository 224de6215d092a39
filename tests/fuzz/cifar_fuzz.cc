// CIFAR-10 and CIFAR-100 files.
#include "core/error.h"
#include "data/cifar.h"
#include "support/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace intrain;
  const test::MemoryFile file(data, bytes);
  for (const CifarKind kind : {CifarKind::kCifar10, CifarKind::kCifar100}) try {
      const Dataset set = read_cifar({file.path()}, kind);
      if (static_cast<int64_t>(set.images.size()) != set.count * set.image_size()) std::abort();
      for (const uint16_t label : set.labels)
        if (label >= set.classes) std::abort();
    } catch (const Error&) {
    }
  return 0;
}
