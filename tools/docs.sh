#!/usr/bin/env bash
# The references. Warnings are errors.
#
#   tools/docs.sh                  both
#   tools/docs.sh headers          the public headers: build/docs/html. The preset release must be configured: they are read as it installs them.
#   tools/docs.sh python [PYTHON]  the Python package: build/docs/python. Of PYTHON, or else in build/docs-tools, it takes sphinx, numpydoc,
#                                  myst-parser and scikit-learn from PyPI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

headers() {
  rm -rf build/docs/html build/docs/include
  cmake --install build/release --component headers --prefix build/docs > build/docs.log
  INTRAIN_VERSION=$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' src/core/version.h) doxygen docs/Doxyfile
}

python() {
  local python=${1:-build/docs-tools/bin/python}
  if [[ -z "${1:-}" ]]; then
    [[ -x $python ]] || python3 -m venv build/docs-tools
    "$python" -m pip install -q sphinx numpydoc myst-parser scikit-learn
  fi
  rm -rf build/docs/python
  "$python" -m sphinx -q -W -b html -d build/docs-doctrees docs/sphinx build/docs/python
}

case "${1:-both}" in
  both) headers && python ;;
  headers) headers ;;
  python) python "${2:-}" ;;
  *) echo "usage: tools/docs.sh [headers | python [PYTHON]]" >&2; exit 2 ;;
esac
