#!/usr/bin/env bash
# The public headers as HTML in build/docs/html. The preset release must be configured: they are read as it installs them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rm -rf build/docs
cmake --install build/release --component headers --prefix build/docs > build/docs.log
INTRAIN_VERSION=$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' src/core/version.h) doxygen docs/Doxyfile
