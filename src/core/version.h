// The version of the program.
#pragma once

namespace intrain {

constexpr const char* kVersion = "0.1.0";

}  // namespace intrain
