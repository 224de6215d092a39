#!/usr/bin/env bash
# Each parser of outside data against libFuzzer, or the stand-in of builds without it (mutate.cc), under ASan and UBSan.
#
#   run.sh BUILD SECONDS      seconds for each target; findings of libFuzzer lie in BUILD/fuzz/
#
# What is refused must be refused by an Error: any other exception, a crash, a leak, or more than 1 GiB ends the run. A finding that has been
# mended goes into corpus/<target>/, which every run begins with.
set -uo pipefail

readonly build=$1 seconds=$2
readonly corpus=$(dirname "$0")/corpus
# fuzz NAME: one parser.
fuzz() {
  local name=$1 target=$build/$1_fuzz arguments
  if [[ -n $("$target" -help=1 2>&1 | grep max_total_time) ]]; then
    arguments=(-max_total_time="$seconds" -rss_limit_mb=1024 -malloc_limit_mb=1024 -timeout=20 -max_len=1048576 -len_control=0 -dict="$(dirname "$0")/words.dict"
      -print_final_stats=1
      -artifact_prefix="$build/fuzz/$name-" "$build/fuzz/$name" "$corpus/$name")
  else
    arguments=("$seconds" "$corpus/$name")
  fi
  "$target" "${arguments[@]}" > "$build/fuzz/$name.log" 2>&1
}

passed=0
failed=0
names=()
for target in "$build"/*_fuzz; do names+=("$(basename "$target" _fuzz)"); done
# As many at once as there are cores.
for name in "${names[@]}"; do
  mkdir -p "$build/fuzz/$name"
  while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n; done
  { fuzz "$name"; echo $? > "$build/fuzz/$name.status"; } &
done
wait
for name in "${names[@]}"; do
  if [[ $(< "$build/fuzz/$name.status") -eq 0 ]]; then
    passed=$((passed + 1))
    echo "$name: $(sed -nE 's/^(stat::number_of_executed_units: *)?([0-9]+)( inputs)?$/\2 inputs/p' "$build/fuzz/$name.log")"
  else
    failed=$((failed + 1))
    echo "FAILED $name:"
    tail -n 30 "$build/fuzz/$name.log"
  fi
done
echo "$passed parsers fuzzed for $seconds seconds each without a finding, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
