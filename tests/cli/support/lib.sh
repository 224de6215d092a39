# What the scripts of tests/cli share; each sources it first:
#
#   source "$(dirname "$0")/support/lib.sh"
#
# $1 of the script is the program, `intrain`. It goes on in an empty folder, `work`, that is gone at its end; `here` is where the scripts lie.
# shellcheck shell=bash
set -uo pipefail

intrain=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
readonly intrain here
work=$(mktemp -d)
trap 'rm -rf "$work" "$work.out" "$work.err"' EXIT
cd "$work" || exit 1
export INTRAIN_CACHE=  # every start reads its photos, and nothing is left in the home folder
passed=0
failed=0

# judge NAME WHY: a check that failed for WHY, or passed if it is empty.
judge() {
  if [[ -z $2 ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $1: $2"
  fi
}

# check NAME COMMAND...
check() {
  local why=''
  "${@:2}" || why="${*:2}"
  judge "$1" "${why:0:300}"
}
not() { ! "$@"; }
# has FILE PATTERN (grep -E)
has() { grep -qaE -- "$2" "$1"; }
signature_of() { sed -n 's/^signature: //p' "$1"; }

# What refused runs the program by.
runner=("$intrain")

# refused NAME PATTERN ARGUMENTS...: exit status 2, and two lines on stderr, "error: what (where)" and "hint: what to do", of which the first has
# PATTERN, or the second where that is "hint: PATTERN"; no file is made or removed. They stay in $work.err.
refused() {
  local name=$1 pattern=$2 before after status line=1 why=''
  shift 2
  if [[ $pattern == 'hint: '* ]]; then
    line=2
    pattern=${pattern#hint: }
  fi
  before=$(find . | sort)
  "${runner[@]}" "$@" > "$work.out" 2> "$work.err"
  status=$?
  after=$(find . | sort)
  [[ $status -eq 2 ]] || why+=" exit status $status;"
  [[ $(wc -l < "$work.err") -eq 2 ]] || why+=" $(wc -l < "$work.err") lines;"
  [[ $(wc -c < "$work.err") -lt 2000 ]] || why+=" $(wc -c < "$work.err") bytes;"
  sed -n 1p "$work.err" | grep -qaE '^error: .' || why+=" no error line;"
  sed -n 2p "$work.err" | grep -qaE '^hint: .' || why+=" no hint line;"
  sed -n ${line}p "$work.err" | grep -qaE -- "$pattern" || why+=" '$pattern' is not said;"
  [[ $before == "$after" ]] || why+=" left behind: $(diff <(echo "$before") <(echo "$after") | grep '^[<>]');"
  judge "$name" "$why${why:+ $(head -c 600 "$work.err")}"
}

# finish WHAT: the last line, and the exit status.
finish() {
  echo "$passed checks of $1 passed, $failed failed"
  [[ $failed -eq 0 ]]
}
