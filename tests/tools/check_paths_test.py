#!/usr/bin/env python3
"""Plants one breach of each rule about paths in a small tree and requires that tools/check_paths.py reports it."""
import sys
from pathlib import Path

from planted import judge

CHECKER = Path(__file__).resolve().parents[2] / "tools/check_paths.py"
CLEAN = {
    "README.md": "`src/nn/net.h`, nn/net.h, `nn/net`, [net](src/nn/net.h), `src/nn/`, `ops/<op>/reference.cc`, `gemm/*.cc`, build/x.h, a/b",
    "docs/a.md": "#include <intrain/nn/net.h>",
    "src/nn/net.h": "// As ops/gemm/reference.cc, or gemm/reference.cc; see tests/nn/.",
    "src/nn/net.cc": '#include "nn/gone.h"',
    "src/ops/gemm/reference.cc": "// tools/a.sh",
    "tests/nn/net_test.cc": "",
    "tools/a.sh": "# src/ops/*/reference.cc",
}
# (file, text, what the report must say)
BREACHES = [
    ("README.md", "`src/nn/gone.h`", "README.md:1: src/nn/gone.h is not there"),
    ("README.md", "(nn/gone.h#name)", "nn/gone.h is not there"),
    ("README.md", "`nn/gone`", "nn/gone is not in src/"),
    ("README.md", "in `src/gone/` is", "src/gone/ is not there"),
    ("README.md", "gone/<isa>.cc", "gone/<isa>.cc is not there"),
    ("docs/a.md", "#include <intrain/nn/gone.h>", "nn/gone.h is not there"),
    ("src/nn/net.h", "int a;\n// See ops/gone/reference.cc.", "src/nn/net.h:2: ops/gone/reference.cc is not there"),
    ("tools/a.sh", "# src/gone/*/reference.cc", "src/gone/*/reference.cc is not there"),
]


if __name__ == "__main__":
    sys.exit(judge([sys.executable, CHECKER], CLEAN, BREACHES))
