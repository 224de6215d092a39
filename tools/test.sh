#!/usr/bin/env bash
# Everything that proves the project, section by section; `make test` runs it after installing what is missing.
#
#   tools/test.sh                all sections
#   tools/test.sh unit matrix    these only: style unit emulation matrix nofloat structure sanitizers cli package python training peers ranks arm64 micro
#   tools/test.sh style changed  what make check runs: of the unit tests those of what changed
#
# Logs lie in build/test/. The last line is "N passed, M failed"; the exit status is 0 if M is 0.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly logs=build/test
readonly release=build/release/intrain
passed=0
failed=0
mkdir -p "$logs"

heading() { printf '\n== %s\n' "$*"; }
# Judges one check: result STATUS NAME [LOG, shown if it failed].
result() {
  if [[ $1 -eq 0 ]]; then
    passed=$((passed + 1))
    echo "ok      $2"
  else
    failed=$((failed + 1))
    echo "FAILED  $2"
    [[ -n "${3:-}" ]] && tail -n 40 "$3" | sed 's/^/        | /'
  fi
  return "$1"
}
# Packages are installed by one at a time.
set_up() { flock "$logs/setup.lock" tools/setup.sh "$1"; }
skip() { echo "skipped $1: $2"; }
log_of() { echo "$logs/$(tr -cs 'a-zA-Z0-9\n' '-' <<< "$1").log"; }
# check NAME COMMAND...: the command's output goes to a log, its exit status decides.
check() {
  local name=$1 start=$SECONDS log
  log=$(log_of "$name")
  shift
  "$@" > "$log" 2>&1
  result $? "$name ($((SECONDS - start)) s)" "$log"
}
# The same, and shows the last lines that the command printed.
check_showing() {
  local lines=$1 name=$2
  shift
  check "$@" || return
  tail -n "$lines" "$(log_of "$name")" | sed 's/^/        /'
}

# build PRESET TARGETS... [-- CMAKE FLAGS]: configures and builds, once a run.
declare -A built=()
configure_and_build() {
  local preset=$1 targets=()
  shift
  while [[ $# -gt 0 && $1 != -- ]]; do targets+=("$1"); shift; done
  shift || true
  cmake --preset "$preset" "$@" && cmake --build "build/$preset" -j "$(nproc)" --target "${targets[@]}"
}
build() {
  local key="$*"
  [[ -n "${built[$key]:-}" ]] && return "${built[$key]}"
  check "build of preset $1" configure_and_build "$@"
  built[$key]=$?
  return "${built[$key]}"
}
build_release() { build release intrain intrain_tests; }
# What proves signatures, without the rest of the program. Of g++ without optimization the kernels are looked at only.
build_variant() {
  local programs=(intrain_verify)
  [[ $1 == gcc-o0 ]] && programs=(intrain_ops)
  if [[ $1 == release ]]; then build_release; else build "$1" "${programs[@]}" -- -DINTRAIN_TESTS=OFF -DINTRAIN_WERROR=ON; fi
}

# One half of a GoogleTest binary: HALF LOG COMMAND...
run_half() { GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=$1 "${@:3}" > "$2" 2>&1 || echo "exit status $?: ${*:3}" >> "$2"; }
# run_unit_tests NAME BINARIES [COMMAND...]: runs GoogleTest binaries, with COMMAND before each and $gtest_arguments behind, and counts
# their tests. Several halves at once: they do not take equally long.
gtest_arguments=()
run_unit_tests() {
  local name=$1 log=$logs/$1.log folder=$logs/$1.parts ok bad binary half
  rm -rf "$folder" && mkdir -p "$folder"
  for binary in $2; do
    for half in 0 1; do
      while [[ $(jobs -rp | wc -l) -ge 4 ]]; do wait -n; done
      run_half "$half" "$folder/$(basename "$binary").$half" "${@:3}" "$binary" --gtest_color=no "${gtest_arguments[@]}" &
    done
  done
  wait
  cat "$folder"/* > "$log"
  ok=$(grep -c '^\[       OK \]' "$log")
  bad=$(grep '^\[  FAILED  \]' "$log" | grep -c ' ms)$')
  # A crash or a sanitizer's report ends the binary in the middle of a test.
  [[ $bad -eq 0 ]] && grep -q '^exit status' "$log" && bad=1
  [[ $ok -eq 0 && $bad -eq 0 ]] && bad=1
  passed=$((passed + ok))
  failed=$((failed + bad))
  echo "$([[ $bad -eq 0 ]] && echo 'ok     ' || echo 'FAILED ') $name: $ok unit tests passed, $bad failed"
  if [[ $bad -gt 0 ]]; then
    grep -B 15 -E '^\[  FAILED  \]|^exit status|ERROR: |WARNING: |runtime error' "$log" | head -n 80 | sed 's/^/        | /'
  fi
  return "$((bad > 0))"
}
test_binaries() { find "build/$1/tests" -maxdepth 1 -name '*_tests' -type f | sort | tr '\n' ' '; }

# Runs each script given, all at once, with "$script_arguments"; each ends with a line of its own: "47 checks of the command line passed, 0
# failed".
script_arguments=()
run_scripts() {
  local script log status counts
  local -A pids=()
  for script in "$@"; do
    bash "$script" "${script_arguments[@]}" > "$(log_of "$script")" 2>&1 &
    pids[$script]=$!
  done
  for script in "$@"; do
    log=$(log_of "$script")
    counts=(0 1)
    wait "${pids[$script]}"
    status=$?
    [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ .*,\ ([0-9]+)\ (failed|not)$ ]] && counts=("${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}")
    [[ $status -ne 0 && ${counts[1]} -eq 0 ]] && counts[1]=1
    passed=$((passed + counts[0]))
    failed=$((failed + counts[1]))
    echo "$([[ ${counts[1]} -eq 0 ]] && echo 'ok     ' || echo 'FAILED ') $script: ${counts[0]} passed, ${counts[1]} failed"
    [[ ${counts[1]} -eq 0 ]] || tail -n 40 "$log" | sed 's/^/        | /'
  done
}

# The instruction sets of isa.def: all, those that have kernels for products alone, and those that this CPU runs.
readonly verify_models=$(sed -n 's/^INTRAIN_VERIFY(\(\w*\),.*/\1/p' src/train/verify.def)
readonly isas=$(sed -n 's/^INTRAIN_ISA(\w*, \(\w*\),.*/\1/p' src/isa/isa.def)
readonly product_isas=$(sed -n 's/^INTRAIN_ISA(\w*, \(\w*\), \w*, \w*, products,.*/\1/p' src/isa/isa.def)
isa_on_this_cpu() { env -u INTRAIN_ISA "$release" info | grep "^  $1 *yes" > /dev/null; }

section_unit() {
  heading "unit tests: integer primitives, operators against the reference and a float64 oracle, layers, data, checkpoints"
  build_release || return
  # The largest nets on this CPU's best instruction set alone: the section 'matrix' trains nets of their kinds on each.
  local isa best largest=
  for isa in $isas; do isa_on_this_cpu "$isa" && best=$isa; done
  for isa in $isas; do [[ $isa == "$best" ]] || largest+=":*/ModelsOnIsa.Resnet50*/$isa:*/ModelsOnIsa.Resnet18*/$isa"; done
  local gtest_arguments=(--gtest_filter="-${largest#:}")
  run_unit_tests unit-tests "$(test_binaries release)"
}

# For `make check`: of the unit tests the binaries that were linked anew since they passed, that is of the folders that changed and those
# above them; and a training, on the reference and on the best instruction set.
section_changed() {
  heading "what changed: its unit tests and those above it, and a training"
  local stamps=$logs/passed binary changed=0 isa
  build_release || return
  mkdir -p "$stamps"
  # The largest nets are made of blocks that others have too: make test runs them.
  gtest_arguments=(--gtest_filter="-*ModelsOnIsa.Resnet18*:*ModelsOnIsa.Resnet50*")
  for binary in $(test_binaries release); do
    local name stamp
    name=$(basename "$binary")
    stamp=$stamps/$name
    [[ $stamp -nt $binary ]] && continue
    changed=1
    run_unit_tests "$name" "$binary" && touch "$stamp"
  done
  [[ $changed -eq 1 ]] || echo "        no unit test changed since it passed"
  for isa in scalar ""; do
    check "verify of resnet8, ${isa:-best instruction set}" env INTRAIN_ISA="$isa" "$release" verify --model resnet8 --threads 2
  done
}

section_emulation() {
  heading "emulation: kernels of other CPUs against the reference"
  # Their bits as the manuals of Intel and ARM define them; of those that this CPU has the unit tests ran on it. Whole convolutions of ARM's:
  # section arm64.
  local isa elsewhere='*Conv2dEquality*/neon_*:*Conv2dEquality*/dotprod_*:*Conv2dEquality*/i8mm_*'
  build_release && build release intrain_emulation_tests || return
  for isa in $isas; do isa_on_this_cpu "$isa" && elsewhere+=":*/${isa}_emulated"; done
  local gtest_arguments=(--gtest_filter="-$elsewhere")
  run_unit_tests emulated-kernels build/release/intrain_emulation_tests
}

# verify PRESET ISA MODEL THREADS
verify() {
  if [[ $1 != release ]]; then
    INTRAIN_ISA=$2 "build/$1/intrain_verify" "$3" "$4"
  else
    INTRAIN_ISA=$2 "build/$1/intrain" verify --model "$3" --threads "$4"
  fi
}
# verify_threads PRESET ISA MODEL THREADS...: with each number of threads, all at once.
declare -A expected=()
verify_threads() {
  local preset=$1 isa=$2 model=$3 threads log status signature row pids=()
  for threads in "${@:4}"; do
    verify "$preset" "$isa" "$model" "$threads" > "$logs/verify-$threads.log" 2>&1 &
    pids[threads]=$!
  done
  for threads in "${@:4}"; do
    log=$logs/verify-$threads.log
    wait "${pids[threads]}"
    status=$?
    signature=$(sed -n 's/^signature: \([0-9a-f]\{16\}\)$/\1/p' "$log")
    expected[$model]=${expected[$model]:-$signature}
    printf -v row '%-14s %-11s %-12s %-7s  %s' "$preset" "$isa" "$model" "$threads" "${signature:-none}"
    [[ $status -eq 0 && -n "$signature" && "$signature" == "${expected[$model]}" ]]
    result $? "$row" "$log"
  done
}

section_matrix() {
  heading "signatures: a training, the same bits for every compiler, optimization, instruction set and thread count"
  local preset isa model
  # g++ without -O3: the section 'sanitizers' verifies its build, of -O1.
  for preset in release clang-release clang-o0; do build_variant "$preset" || return; done
  printf '        %-14s %-11s %-12s %-7s  %s\n' build isa model threads signature
  for preset in release clang-release clang-o0; do
    for isa in $isas; do
      if ! isa_on_this_cpu "$isa"; then
        verify "$preset" "$isa" resnet8 1 > "$logs/verify.log" 2>&1
        [[ $? -eq 2 ]]
        result $? "$preset: INTRAIN_ISA=$isa is refused, for this CPU does not have it" "$logs/verify.log"
        continue
      fi
      for model in $verify_models; do
        case $preset:$isa:$model in
          release:*) verify_threads "$preset" "$isa" "$model" 1 2 3 ;;
          # Threads share out the same work whoever compiled it. Other nets take up to a minute each, for what these rows show.
          *:resnet8* | *:mlp | *:wageubn | clang-release:*:mobilenet_v2) verify_threads "$preset" "$isa" "$model" 3 ;;
        esac
      done
    done
  done
  INTRAIN_ISA=avx1024 "$release" verify > "$logs/verify.log" 2>&1
  [[ $? -eq 2 ]]
  result $? "an unknown INTRAIN_ISA is refused" "$logs/verify.log"
}

section_nofloat() {
  heading "no floating point: every instruction of a training step, disassembled"
  build_release && build_variant clang-release || return
  check_showing 1 "the check catches planted floating point" tests/tools/check_no_float_test.py
  check_showing 9 "no floating point in the g++ objects" tools/check_no_float.py build/release
  check_showing 9 "no floating point in the clang++ objects" tools/check_no_float.py build/clang-release
}

section_structure() {
  heading "structure: nothing of one instruction set linked into another's code, hardened binaries, and arithmetic that needs no library"
  local builds=(build/release) preset
  check_showing 1 "the check of freestanding arithmetic catches planted breaches" tests/tools/check_freestanding_test.py
  check_showing 1 "the arithmetic is freestanding" tools/check_freestanding.sh
  build_release || return
  for preset in clang-release gcc-o0 clang-o0; do build_variant "$preset" && builds+=("build/$preset"); done
  check_showing 1 "kernel objects hold no weak symbols" tools/check_kernel_symbols.sh "${builds[@]}"
  check_showing 1 "the release builds are hardened" tools/check_hardening.sh "$release" build/clang-release/intrain_verify
  for preset in release clang-release; do
    check_showing 1 "so are the objects of preset $preset, but for kernels" tools/check_hardening.sh --objects "build/$preset"
  done
  ! tools/check_hardening.sh build/clang-o0/intrain_verify > "$logs/hardening.log"
  result $? "the check of hardening sees a build without it" "$logs/hardening.log"
}

section_sanitizers() {
  heading "sanitizers: memory, undefined behaviour, data races"
  local isa whole_nets=
  build_release || return  # which says what this CPU runs
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  export TSAN_OPTIONS=halt_on_error=1
  if build asan-ubsan intrain_verify intrain_tests; then
    # Whole nets on one instruction set only, the first after the scalar one: the kernels of all of them are tested one by one; those of the
    # reference run beside each. ResNets and VGG take longest and are made of blocks that other nets have too. Of the tiles of other formats,
    # which are the tests' own, one is enough, and of what is done with several nets or batches the first. Left out too: what counts
    # allocations, and what looks at numbers over many steps or of whole nets, whose parts have tests of their own.
    local nets='*/ModelsOnIsa.Resnet*:*/ModelsOnIsa.SmallVgg*:*/ModelsOnIsa.*/scalar:*/KernelEquality.*/scalar:*NoAllocation.*:Gradient.*'
    nets+=':Net.EveryKindOfNetLearns:*/s8s8_depth4:*/s8s8_depth16:*/s8s8_blocks8:*/s16s16_depth1:TileFormats.Nets*:ExactExport.Logits*'
    nets+=':Accumulate/VanishingPhotos.*/1:Accumulate/VanishingPhotos.*/2:JsonRead.RefusesTooManyValues:ImportTest.ByItsGraph*'
    nets+=':Ranks.MobileNet:Ranks.PublishedSignatures:Ranks.Widths'
    for isa in $isas; do
      if [[ $isa != scalar && -z $whole_nets ]] && isa_on_this_cpu "$isa"; then whole_nets=$isa; continue; fi
      nets+=":*/ModelsOnIsa.*/$isa:*/NetOnIsa.*/$isa:*/Recompute.*/$isa"
    done
    gtest_arguments=(--gtest_filter="-$nets")
    run_unit_tests asan-ubsan "$(test_binaries asan-ubsan)"
    for isa in $isas; do
      isa_on_this_cpu "$isa" && check "verify under ASan and UBSan, $isa" env INTRAIN_ISA="$isa" build/asan-ubsan/intrain_verify resnet8 2
    done
  fi
  # make fuzz does it for longer, with libFuzzer.
  if build asan-ubsan intrain_fuzz; then
    check_showing 8 "what is read from outside, damaged: no parser fails but by an error of its own" tests/fuzz/run.sh build/asan-ubsan 3
  fi
  if build tsan intrain_tests -- -DINTRAIN_TEST_FILES='/(training_run|resume|fine_tuning|loader|image_folder|photo_manifest|local_ranks|ranks|rank_images|rank_photos|mpi_ranks|gradient_exchange|parallel|caller_core|conv2d_op|net|recompute|sgd)_test'; then
    # TSan of g++ 12 does not know the address layout of newer kernels: without randomization it does.
    # A net's threads do the same with every tile of a kind, so that of this CPU's best instruction set is enough, beside none (scalar) for a
    # small net; by the paper's recipe a training that is stopped and goes on; of trainings that begin from another one.
    local prefix=() best= threaded='*Thread*:*Loader*:ImageFolder*:PhotoManifest*:Trainer*:Resume*:FineTuning.FrozenParameters*:*PlannedAndPackedAgain*'
    threaded+=':CallerCore*:LocalRanks*:GradientExchange*:Ranks.Mlp:Ranks.APhoto*:RankImages*:RankPhotos*:MpiRanks*'
    local slow='MpiRanksTest.EndWell:RankImages.RunningStatistics*:RankImages.Frozen*:RankPhotos.SeveralRounds'
    local forked='ThreadPool.AForked*'  # TSan starts no threads in a forked process
    build/tsan/tests/optim_tests --gtest_list_tests > /dev/null 2>&1 || prefix=(setarch -R)
    for isa in $isas; do [[ " $product_isas " != *$isa* ]] && isa_on_this_cpu "$isa" && best=$isa; done
    gtest_arguments=(--gtest_filter="$threaded:*/NetOnIsa.*/$best:*/NetOnIsa.OneOfEachLayer/scalar:*/Recompute.TrainsTheSame/$best-Trainer.TrainsByWageubn:FineTuning.FrozenStatistics*:*/NetOnIsa.Other*:$slow:$forked")
    run_unit_tests tsan "$(test_binaries tsan)" "${prefix[@]}"
  fi
}

section_style() {
  heading "style: layout, include directions, paths in documents, and tables of speeds and accuracies"
  local sources
  mapfile -t sources < <(find src python tests examples -name '*.h' -o -name '*.cc')
  check "clang-format of ${#sources[@]} files" clang-format --dry-run -Werror "${sources[@]}"
  check_showing 1 "the include check catches planted breaches" tests/tools/check_includes_test.py
  check_showing 1 "includes point one way" tools/check_includes.py
  check_showing 1 "the check of paths catches planted breaches" tests/tools/check_paths_test.py
  check_showing 1 "paths in documents and comments are there" tools/check_paths.py
  check_showing 1 "tables of speeds are those of bench/speeds.json, which comparisons fill" tests/bench/compare_test.py
  check_showing 1 "tables of accuracies are those of bench/results.json, which trainings fill" tests/bench/accuracy_test.py
}

section_cli() {
  heading "command line: what scripts rely on, and what bad input gets"
  build_release || return
  script_arguments=("$PWD/$release")
  run_scripts tests/cli/*.sh
}

build_examples() { build release intrain libintrain custom_net custom_layer online_learning; }
section_package() {
  heading "the library: examples, reference, installation, exported symbols, Debian package"
  build_examples || return
  check_showing 1 "the example of a net in C++ trains" build/release/custom_net
  check_showing 1 "the example of a layer trains" build/release/custom_layer
  check_showing 7 "the example that learns from one sample at a time learns again what changed" build/release/online_learning
  check "Doxygen makes the reference of the public headers without warnings" tools/docs.sh headers
  script_arguments=(build/release)
  run_scripts tests/package/package.sh
}

# nanobind and what the tests, the reference and the notebook need come from PyPI, into a folder under build/.
readonly package_python=build/python-tests/bin/python
install_python() {
  "$package_python" -c 'import hypothesis, ipykernel, matplotlib, mypy, myst_parser, nanobind, nanobind_backend, nbclient, numpy, numpydoc, pytest
import sklearn, sphinx' && return
  python3 -m venv build/python-tests &&
    "$package_python" -m pip install -q --retries 1 --timeout 15 hypothesis ipykernel matplotlib mypy myst-parser nanobind nanobind-backend nbclient \
      numpy numpydoc pytest scikit-learn sphinx
}

build_extension() {
  if ! install_python > "$logs/python-install.log" 2>&1; then
    skip "the Python package" "what it needs could not be installed from PyPI: $(tail -n 1 "$logs/python-install.log")"
    return 1
  fi
  build release intrain _core -- -DINTRAIN_PYTHON=ON -DPython_EXECUTABLE="$PWD/$package_python"
}

section_python() {
  heading "python: the package beside the program, and what it does in others' processes"
  build_extension || return
  local package=build/release/python
  check "the extension is hardened" tools/check_hardening.sh "$package/intrain/_core.abi3.so"
  check "mypy --strict of the package" "$package_python" -m mypy --cache-dir build/test/mypy -p intrain
  check "its stubs are those of the extension" env MYPYPATH="$package" PYTHONPATH="$package" "$package_python" -m mypy.stubtest \
    --allowlist tests/python/stubtest_allowlist.txt intrain._core
  check "Sphinx makes the reference of the package without warnings" tools/docs.sh python "$package_python"
  check_showing 1 "pytest" env PYTHONPATH="$package" "$package_python" -m pytest -q -p no:cacheprovider tests/python
}

section_training() {
  heading "end to end: one epoch of Fashion-MNIST, evaluated again from its checkpoint"
  build_release || return
  local data=/usr/share/datasets/fashion-mnist least=80.00 run=$logs/run accuracy again file
  if [[ ! -d $data ]]; then
    skip "the training" "the package dataset-fashion-mnist is not installed"
    return
  fi
  rm -rf "$run"
  check_showing 4 "train resnet8 for one epoch" "$release" train --data fashion-mnist --model resnet8 --epochs 1 --seed 0 --out "$run" || return
  accuracy=$(test_accuracy "$(log_of "train resnet8 for one epoch")")
  awk -v a="${accuracy:-0}" -v l=$least 'BEGIN { exit !(a >= l) }'
  result $? "test accuracy ${accuracy:-none} % of at least $least %"
  for file in config.json metrics.jsonl curve.png best.ckpt final.ckpt; do
    [[ -s $run/$file ]]
    result $? "the run folder holds $file"
  done
  check "evaluate its final checkpoint" "$release" eval --checkpoint "$run/final.ckpt" --data fashion-mnist || return
  again=$(test_accuracy "$(log_of "evaluate its final checkpoint")")
  [[ -n $again && $again == "$accuracy" ]]
  result $? "the checkpoint's accuracy is the training's: ${again:-none} %"
}

# ONNX Runtime, TensorBoard and safetensors come from PyPI, into a folder under build/.
readonly peer_python=build/peers/bin/python
install_peers() {
  "$peer_python" -c 'import numpy, onnxruntime, safetensors, tensorboard' && return
  python3 -m venv build/peers && "$peer_python" -m pip install -q --retries 1 --timeout 15 onnxruntime numpy safetensors tensorboard
}

build_export_reference() { build release export_reference; }
section_peers() {
  heading "peers: ONNX Runtime returns all logits of whole test sets, TensorBoard and safetensors read what a run wrote"
  build_release && build_export_reference || return
  if ! install_peers > "$logs/peers.log" 2>&1; then
    skip "the comparison with ONNX Runtime, TensorBoard and safetensors" "they could not be installed from PyPI: $(tail -n 1 "$logs/peers.log")"
    return
  fi
  check_showing 1 "event files of a run that was killed and went on" "$peer_python" tests/runs/tensorboard_test.py "$release"
  check_showing 1 "all state of a training as safetensors" "$peer_python" tests/checkpoint/safetensors_test.py "$release"
  check_showing 19 "nets of every kind on synthetic images" "$peer_python" tests/exchange/export/onnx_test.py "$release" build/release/export_reference
  if [[ ! -f $logs/run/final.ckpt ]]; then
    skip "the export of the training on Fashion-MNIST" "there is none: the section 'training' makes it"
    return
  fi
  check_showing 2 "resnet8 on the 10,000 test images of Fashion-MNIST" "$peer_python" tests/exchange/export/onnx_test.py "$release" \
    build/release/export_reference "$logs/run/final.ckpt" fashion-mnist
}

build_plug_in() {
  if ! set_up openmpi > "$logs/openmpi-setup.log" 2>&1 || ! command -v mpirun > "$logs/openmpi-setup.log"; then
    skip "ranks of MPI" "Open MPI could not be installed: $(tail -n 1 "$logs/openmpi-setup.log")"
    return 1
  fi
  build release intrain intrain_mpi -- -DINTRAIN_MPI=openmpi
}

section_ranks() {
  heading "ranks: one training on several processes of MPI, the same bytes on any number of them, and what happens when one of them ends or hangs"
  build_plug_in || return
  check "the plug-in is hardened" tools/check_hardening.sh build/release/intrain_mpi.so
  script_arguments=("$PWD/$release")
  run_scripts tests/ranks/mpi.sh
  build_extension || return
  check_showing 1 "ranks in Python" env INTRAIN_MPI="$PWD/build/release/intrain_mpi.so" PYTHONPATH=build/release/python "$package_python" -m pytest -q \
    -p no:cacheprovider tests/python/test_distributed.py
}

# run_on_arm_cpu CPU ISA MODELS TESTS: nets and tests. A line each.
readonly arm_build=build/arm64
emulated() { qemu-aarch64-static -cpu "$@"; }
run_on_arm_cpu() {
  local cpu=$1 isa=$2 models=$3 tests=$4 model out
  for model in $models; do
    out=$(emulated "$cpu" "$arm_build/intrain_verify" "$model" 1 2>&1) && [[ $out == "$isa, "* ]]
    echo "verify $? $model $(sed -n 's/^signature: //p' <<< "$out") ${out%%,*}"
  done
  emulated "$cpu" "$arm_build/tests/ops_tests" --gtest_color=no --gtest_filter="$tests"
  echo "tests $?"
}
# What must be refused: an instruction set that the CPU does not have.
arm_refuses() {
  local out
  out=$(INTRAIN_ISA=$2 emulated "$1" "$arm_build/intrain_verify" resnet8 1 2>&1)
  [[ $? -eq 2 && $out == *"this CPU does not run the instruction set '$2'"* ]]
}

section_arm64() {
  heading "64-bit ARM: cross-compiled, and run by QEMU as CPUs of each kind: the instruction set that each must choose, and the same bits"
  local cpu isa log row model ok bad kind status signature name models tests
  # Depthwise nets, and convolutions by themselves: once for each instruction set chosen. The kernels of neon, which are the same code on all
  # CPUs: on the first; the section emulation holds them to the reference, too.
  local cpus=(cortex-a53 cortex-a76 max,sve=off cortex-a72 neoverse-n1 a64fx max)
  local -A isa_of=([cortex-a53]=neon [cortex-a72]=neon [a64fx]=neon [cortex-a76]=dotprod [neoverse-n1]=dotprod [max,sve=off]=i8mm [max]=i8mm)
  if [[ $(uname -m) == aarch64 ]]; then skip "the cross build" "this is 64-bit ARM: the other sections show it"; return; fi
  if ! set_up arm64 > "$logs/arm64-setup.log" 2>&1; then
    skip "64-bit ARM" "what it takes could not be installed: $(tail -n 1 "$logs/arm64-setup.log")"
    return
  fi
  if ! { command -v aarch64-linux-gnu-g++ && command -v qemu-aarch64-static; } > "$logs/arm64-setup.log"; then
    skip "64-bit ARM" "there is no aarch64-linux-gnu-g++, or no qemu-aarch64-static"
    return
  fi
  build arm64 intrain_verify ops_tests -- -DINTRAIN_WERROR=ON -DINTRAIN_TEST_FILES='/ops/(kernels|tile|peak|isa|conv2d_op)_test' || return
  for cpu in "${cpus[@]}"; do
    isa=${isa_of[$cpu]} models="resnet8 resnet8_v2 wageubn" tests="IsaList*:Isas/Tile*/$isa:Isas/Peak*/$isa"
    [[ " cortex-a53 cortex-a76 max,sve=off " == *" $cpu "* ]] && models+=" mobilenet_v2" tests+=":Isas/Conv2dEquality*/$isa"
    [[ $cpu == cortex-a53 ]] && tests+=":Isas/KernelEquality*/neon"
    while [[ $(jobs -rp | wc -l) -ge $(nproc) ]]; do wait -n; done
    run_on_arm_cpu "$cpu" "$isa" "$models" "$tests" > "$logs/arm64-$cpu.log" 2>&1 &
  done
  wait
  printf '        %-14s %-11s %-12s %s\n' CPU isa model signature
  for cpu in "${cpus[@]}"; do
    isa=${isa_of[$cpu]} log=$logs/arm64-$cpu.log
    while read -r kind status model signature name; do
      printf -v row '%-14s %-11s %-12s %s' "$cpu" "$name" "$model" "$signature"
      [[ $status -eq 0 ]]
      result $? "$row" "$log"
    done < <(grep '^verify ' "$log")
    ok=$(grep -c '^\[       OK \]' "$log")
    bad=$(grep '^\[  FAILED  \]' "$log" | grep -c ' ms)$')
    grep -qx 'tests 0' "$log" && grep -q "^\[       OK \] Isas/Tile.*/$isa " "$log"
    result $? "$cpu: $ok tests of kernels and of the tiles of $isa, $bad failed" "$log"
  done
  for isa in scalar neon dotprod; do
    check "forced $isa where there is more" env INTRAIN_ISA="$isa" qemu-aarch64-static -cpu max "$arm_build/intrain_verify" resnet8 2
  done
  check "dotprod is refused where it is not there" arm_refuses cortex-a72 dotprod
  check "i8mm is refused where it is not there" arm_refuses neoverse-n1 i8mm
  check "so are those of x86" arm_refuses max avx2
  check_showing 1 "the check of floating point catches what is planted for 64-bit ARM" tests/tools/check_no_float_test.py aarch64-linux-gnu-g++
  check_showing 9 "no floating point in the objects of 64-bit ARM" tools/check_no_float.py "$arm_build"
  check_showing 1 "kernel objects hold no weak symbols" tools/check_kernel_symbols.sh "$arm_build"
  check_showing 1 "intrain_verify is hardened" tools/check_hardening.sh "$arm_build/intrain_verify"
  check_showing 1 "so are the objects, but for kernels" tools/check_hardening.sh --objects "$arm_build"
}

build_firmware_nets() { build release intrain firmware_nets; }
section_micro() {
  heading "microcontrollers: firmware of nets of every kind, compiled for each processor and run by QEMU, ends as the library does"
  # What is not there is skipped machine by machine.
  set_up micro > "$logs/micro-setup.log" 2>&1 || skip "what could not be installed" "$(tail -n 1 "$logs/micro-setup.log")"
  build_firmware_nets || return
  check_showing 100 "firmware" tests/micro/micro_test.py build/release/firmware_nets "$logs/micro"
  script_arguments=("$PWD/$release")
  run_scripts tests/micro/*.sh
}

test_accuracy() { sed -n 's/^test accuracy: \([0-9.]*\) %$/\1/p' "$1"; }

# run_section NAME
run_section() {
  local begun=$SECONDS
  "section_$1"
  echo "        section $1: $((SECONDS - begun)) seconds"
}

# Two lanes at once, since what waits for one compiler, an interpreter or a clock leaves a core idle. The sections before them build the
# program; the second lane builds what else lies in build/release before all, and the first looks at what lies there after that. A section of
# the second shows its lines when one of the first has ended.
readonly before="style unit emulation"
readonly first_lane="matrix nofloat structure sanitizers arm64"
readonly second_lane="builds cli package python training peers ranks micro"
readonly lane_logs=$logs/lane

section_builds() {
  heading "what else the sections beside these need of build/release"
  local part
  for part in examples extension export_reference plug_in firmware_nets; do "build_$part"; done
}
run_first_lane() {
  local section
  passed=0 failed=0
  for section in $first_lane; do
    while [[ $section == nofloat && -f $lane_logs/builds.running ]]; do sleep 1; done
    run_section "$section"
    show_second_lane
  done
  echo "$passed $failed" > "$lane_logs/first.counts"
}
run_second_lane() {
  local section
  for section in $second_lane; do
    passed=0 failed=0
    run_section "$section" > "$lane_logs/$section.running" 2>&1
    echo "$passed $failed" > "$lane_logs/$section.counts"
    mv "$lane_logs/$section.running" "$lane_logs/$section.ended"
  done
}
show_second_lane() {
  local section
  for section in $second_lane; do
    [[ -f $lane_logs/$section.ended ]] && cat "$lane_logs/$section.ended" && mv "$lane_logs/$section.ended" "$lane_logs/$section.shown"
  done
}
run_all() {
  local section ok bad
  for section in $before; do run_section "$section"; done
  rm -rf "$lane_logs" && mkdir -p "$lane_logs" && touch "$lane_logs/builds.running"
  run_second_lane &
  run_first_lane &
  wait
  show_second_lane
  for section in first $second_lane; do
    read -r ok bad < "$lane_logs/$section.counts" || { ok=0 bad=1; echo "FAILED  lane $section ended before its sections did"; }
    passed=$((passed + ok))
    failed=$((failed + bad))
  done
}

if [[ $# -eq 0 ]]; then
  run_all
else
  for section in "$@"; do
    declare -F "section_$section" > /dev/null || { echo "error: no section '$section'" >&2; exit 2; }
    run_section "$section"
  done
fi
printf '\n%d seconds\n%d passed, %d failed\n' "$SECONDS" "$passed" "$failed"
[[ $failed -eq 0 ]]
