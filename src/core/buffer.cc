#include "core/buffer.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace intrain {

AlignedBuffer::AlignedBuffer(size_t bytes) : size_(bytes) {
  void* p = std::aligned_alloc(kAlignment, align_up(bytes + 1));
  if (p == nullptr) throw std::bad_alloc();
  std::memset(p, 0, align_up(bytes + 1));
  data_.reset(static_cast<uint8_t*>(p));
}

void AlignedBuffer::Free::operator()(uint8_t* p) const { std::free(p); }

}  // namespace intrain
