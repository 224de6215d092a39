// Broken preconditions where there is no C library that could say so: a bug, and the program stops there. Elsewhere core/check.h says more.
#pragma once

#define INTRAIN_ASSERT(condition) ((condition) ? static_cast<void>(0) : __builtin_trap())
