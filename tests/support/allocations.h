// How often the test program, the library included, has taken memory from the heap.
#pragma once

#include <cstdint>

namespace intrain::test {

int64_t allocations();

}  // namespace intrain::test
