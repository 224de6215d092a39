// What `intrain verify` must print, on every machine and for every build. It changes only when docs/contract.md does.
#pragma once

#include <cstdint>

namespace intrain {

constexpr uint64_t kVerifySignature = 0x23e79eb1e5d34383;

}  // namespace intrain
