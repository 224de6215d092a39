// IDX files, plain and compressed.
#include "core/error.h"
#include "data/idx.h"
#include "support/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace intrain;
  const test::MemoryFile file(data, bytes);
  for (const int rank : {1, 3}) try {
      const IdxArray array = read_idx(file.path(), rank);
      int64_t values = 1;
      for (const int dim : array.dims) values *= dim;
      if (static_cast<int64_t>(array.values.size()) != values) std::abort();
    } catch (const Error&) {
    }
  return 0;
}
