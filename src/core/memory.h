// How much memory there is, so that what cannot be had is refused before it is taken: Linux grants more than there is, and ends the
// process once it is used.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"

namespace intrain {

// Bytes that the process can have at most: all of the machine's, whether free or not, or its address space where that is limited to less
// (ulimit -v).
int64_t memory_limit_bytes();

// Throws Error, naming `at`, if `what` takes more bytes than that.
void check_memory(int64_t bytes, const std::string& what, const Setting& at, const std::string& hint);

}  // namespace intrain
