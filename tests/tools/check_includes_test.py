#!/usr/bin/env python3
"""Plants one breach of each include rule in a small tree and requires that tools/check_includes.py reports it."""
import sys
from pathlib import Path

from planted import judge

CHECKER = Path(__file__).resolve().parents[2] / "tools/check_includes.py"
CLEAN = {
    "base/a.h": "#include <cstdint>",
    "core/b.h": '#include <vector>\n#include "base/a.h"',
    "core/b.cc": '#include "core/b.h"\n#include <thread>',
    "ops/gemm/gemm.h": '#include "base/a.h"',
    "ops/intrinsics.h": "#include <immintrin.h>",
    "ops/gemm/vector.h": '#include "ops/intrinsics.h"\n#include "ops/gemm/gemm.h"',
    "ops/gemm/avx2.cc": '#include "ops/gemm/vector.h"',
    "ops/conv2d/reference.cc": '#include "ops/gemm/gemm.h"',
    "data/idx.cc": '#include <zlib.h>\n#include "core/b.h"',
    "nn/net.h": '#include "ops/gemm/gemm.h"',
    "cli/main.cc": '#include <CLI/CLI.hpp>\n#include "nn/net.h"',
}
# (file, text, what the report must say)
BREACHES = [
    ("base/a.h", '#include "core/b.h"', "base may not include core"),
    ("base/a.h", "#include <vector>", "freestanding"),
    ("base/a.h", "#include <limits>", "freestanding"),
    ("ops/conv2d/reference.cc", "#include <algorithm>", "reached from the reference ops/conv2d/reference.cc"),
    ("ops/gemm/gemm.h", '#include "core/b.h"', "reached from the reference ops/conv2d/reference.cc"),
    ("core/b.h", '#include "nn/net.h"', "core may not include nn"),
    ("data/idx.cc", '#include "nn/net.h"', "data may not include nn"),
    ("ops/gemm/gemm.h", '#include "ops/conv2d/conv2d.h"', "no file of src/"),
    ("ops/gemm/reference.cc", '#include "ops/gemm/gemm.h"\n#include "ops/pool/pool.h"', "operator gemm may not include operator pool"),
    ("ops/gemm/vector.h", "#include <algorithm>", "reached from the kernel file ops/gemm/avx2.cc"),
    ("ops/gemm/vector.h", '#include "core/b.h"', "reached from the kernel file ops/gemm/avx2.cc"),
    ("ops/gemm/vector.h", "#include <immintrin.h>", "may be included in"),
    ("data/more.cc", "#include <zlib.h>", "more than 1 file"),
    ("nn/net.h", "#include <zlib.h>", "may be included in"),
    ("nn/net.h", "#include <boost/any.hpp>", "has no row"),
    ("dist/mpi.cc", '#include "core/b.h"', "not listed"),
    ("../ARCHITECTURE.md", "    core --> base\n    nn --> core", "ARCHITECTURE.md draws other arrows from nn"),
]


if __name__ == "__main__":
    sys.exit(judge([sys.executable, CHECKER], CLEAN, BREACHES, below="src", beside={"ops/pool/pool.h": ""}))
