// The version of program, library and packages: CMake reads it here. Semantic; below 1.0 a new minor version may break the interface.
#pragma once

namespace intrain {

constexpr const char* kVersion = "0.7.0";

}  // namespace intrain
