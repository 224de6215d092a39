#include "core/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace intrain {

namespace {

// Of x86-64, and of ARM64 with pages of 4 KiB.
constexpr size_t kHugePage = size_t{1} << 21;

}  // namespace

AlignedBuffer::AlignedBuffer(size_t bytes) : size_(bytes) {
  const bool huge = bytes >= kHugePage;
  void* p = huge ? std::aligned_alloc(kHugePage, (align_up(bytes + 1) + kHugePage - 1) / kHugePage * kHugePage)
                 : std::aligned_alloc(kAlignment, align_up(bytes + 1));
  if (p == nullptr) throw std::bad_alloc();
  // A step walks over all of the net's memory, whose pages of 4 KiB are too many for a TLB; what the last huge page does not fill stays in
  // small ones. A wish only: the system may have none, and then nothing is different.
  if (huge) ::madvise(p, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  std::memset(p, 0, align_up(bytes + 1));
  data_.reset(static_cast<uint8_t*>(p));
}

void AlignedBuffer::Free::operator()(uint8_t* p) const { std::free(p); }

}  // namespace intrain
