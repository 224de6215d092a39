#!/usr/bin/env bash
# Installs the newest PyTorch and ONNX Runtime from PyPI, beside which bench/compare.py and bench/accuracy.py measure, into build/peers-torch.
# Nothing else needs them. On x86-64 that is a download of 3 GB and 5.5 GB on disk: most of it libraries of graphics cards, without which
# PyPI's PyTorch does not start. Run again, it takes newer versions where there are some.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly folder=build/peers-torch least_gib=7
# onnx and onnxscript: for torch_peer.py --save-onnx. pillow: for its photos.
readonly packages=(torch numpy onnx onnxruntime onnxscript pillow)

free=$(df --output=avail -B 1G "$(dirname "$folder")" 2> /dev/null || df --output=avail -B 1G .)
free=$(tail -n 1 <<< "$free" | tr -d ' ')
if [[ ! -x $folder/bin/python && $free -lt $least_gib ]]; then
  echo "error: PyTorch takes $least_gib GiB with what it needs, and $free GiB are free here" >&2
  echo "hint: without it the benchmarks take Debian's: apt install python3-torch" >&2
  exit 1
fi
[[ -x $folder/bin/python ]] || python3 -m venv "$folder"
echo "Installing ${packages[*]} into $folder: a download of some 3 GB, which takes minutes"
if ! "$folder/bin/python" -m pip install -q --upgrade --no-cache-dir --retries 1 --timeout 15 "${packages[@]}"; then
  echo "error: pip could not install them" >&2
  echo "hint: see its message above; without it the benchmarks take Debian's: apt install python3-torch" >&2
  exit 1
fi
# Compiling nets takes a compiler, and the headers of this Python.
"$folder/bin/python" bench/torch_peer.py about
du -sh "$folder"
