#!/usr/bin/env python3
"""Plants one breach after the other in a small tree and requires that tools/check_freestanding.sh reports it."""
import sys
from pathlib import Path

from planted import judge

CHECKER = Path(__file__).resolve().parents[2] / "tools/check_freestanding.sh"
CLEAN = {
    "base/a.h": "#pragma once\n#include <cstdint>\nstatic constexpr int64_t twice(int64_t v) { return 2 * v; }",
    "ops/pool/pool.h": '#pragma once\n#include <cstddef>\n#include "base/a.h"\nint64_t sum(const int32_t* v, size_t n);',
    "ops/pool/reference.cc": '#include "ops/pool/pool.h"\n'
                             "int64_t sum(const int32_t* v, size_t n) {\n  int64_t s = 0;\n"
                             "  for (size_t i = 0; i < n; ++i) s += twice(v[i]);\n  return s;\n}",
    # What may be hosted, or is for one instruction set.
    "ops/pool/avx2.cc": "#include <vector>",
    "ops/conv2d/forward.cc": "#include <vector>",
    "ops/conv2d/reference.cc": '#include "base/a.h"\nint64_t four(int64_t v) { return twice(twice(v)); }',
    "ops/peak/reference.cc": "#include <cstring>",
    "optim/sgd.cc": "#include <vector>",
    "optim/schedule.cc": '#include "base/a.h"\nint64_t rate(int64_t v) { return twice(v); }',
}
# (file, text, what the report must say)
BREACHES = [
    ("ops/pool/reference.cc", "#include <vector>\nstd::vector<int> v;", "vector"),
    ("ops/new_one/sums.cc", "#include <vector>\nstd::vector<int> v;", "ops/new_one/sums.cc does not compile"),
    ("ops/pool/reference.cc", "int f(int v) { if (v < 0) throw v; return v; }", "does not compile"),
    ("ops/pool/reference.cc", "#include <stdio.h>\nvoid f() { printf(\"1\"); }", "stdio.h"),
    ("ops/pool/reference.cc", "extern \"C\" int puts(const char*);\nvoid f() { puts(\"1\"); }", "needs from outside: puts"),
    ("ops/pool/reference.cc", "int* f() { return new int[3]; }", "needs from outside: _Zna"),
    ("ops/pool/reference.cc", "int g();\nint f() { static int v = g(); return v; }\nint g() { return 1; }", "needs from outside: __cxa_guard"),
    ("ops/pool/reference.cc", "extern int g(int);\nint g(int v) { return v; }\nint v = g(*new int(1));", "constructor"),
    ("ops/conv2d/reference.cc", "#include <algorithm>", "ops/conv2d/reference.cc does not compile"),
    ("optim/more.cc", "#include <string>", "optim/more.cc does not compile"),
    ("base/b.h", "#pragma once\ninline int64_t f() { return 1; }", "base_b_header"),
    ("base/b.h", "#include <cstdint>\nstruct B {};", "base_b_header"),
    ("base/b.h", "#pragma once\n#include <limits>", "limits"),
]


if __name__ == "__main__":
    sys.exit(judge([CHECKER], CLEAN, BREACHES, below="src", clean_says="3 files and 1 headers"))
