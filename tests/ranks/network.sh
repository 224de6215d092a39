#!/usr/bin/env bash
# Two hosts on one machine, for whom it takes root: network namespaces with a name each, between them a link of 1 Gbit/s, then of 100 Mbit/s, which is
# cut in the end. And runs whose ranks are killed at random. A few minutes; run by hand.
#
#   network.sh BINARY [KILLS [SEED]]     with intrain_mpi.so beside it, of Open MPI
source "$(dirname "$0")/../cli/support/lib.sh"

readonly kills=${2:-20}
RANDOM=${3:-$(($(date +%s) % 32768))}
readonly training=(train --data synthetic:256 --model resnet8 --epochs 3 --batch 31 --threads 1)
"$intrain" "${training[@]}" --out whole > whole.log || exit 1
signature=$(signature_of whole.log)
readonly signature
ends_as_whole() { [[ -n $signature && $(signature_of "$1") == "$signature" ]]; }
untimed() { sed -e '/^{"type": "start"/d' -e 's/, "images_per_second": .*//' "$1"; }

# 1. Ranks that are killed, each time gone on with on another number of them.
readonly mpirun=(mpirun --oversubscribe --allow-run-as-root --bind-to none)
count=0
wrong=0
while ((count < kills)); do
  rm -rf run
  until [[ -s run/final.ckpt ]]; do
    n=$((RANDOM % 4 + 1))
    if compgen -G 'run/*.ckpt' > /dev/null; then
      "${mpirun[@]}" -n $n "$intrain" train --resume run --save-every 2 > log 2>&1 &
    else
      rm -rf run
      "${mpirun[@]}" -n $n "$intrain" "${training[@]}" --out run --save-every 2 > log 2>&1 &
    fi
    job=$!
    sleep "$((RANDOM % 2)).$((RANDOM % 10))"
    mapfile -t there < <(pgrep -P $job -f "$intrain")
    if ((${#there[@]} > 0 && count < kills)); then kill -9 "${there[RANDOM % ${#there[@]}]}" && count=$((count + 1)); fi
    wait $job
  done
  "$intrain" train --resume run > log
  ends_as_whole log && diff <(untimed whole/metrics.jsonl) <(untimed run/metrics.jsonl) || wrong=$((wrong + 1))
done
echo "        $count kills, each gone on with on 1 to 4 ranks: $wrong runs that ended otherwise"
check "$count kills, on 1 to 4 ranks: signatures and metrics of a run never stopped" test $wrong -eq 0

# 2. Two hosts.
readonly a=intrain-a-$$ b=intrain-b-$$
clean_up() {
  ip netns pids $a 2> /dev/null | xargs -r kill -9
  ip netns pids $b 2> /dev/null | xargs -r kill -9
  ip netns del $a
  ip netns del $b
}
trap 'clean_up 2> /dev/null; rm -rf "$work" "$work.out" "$work.err"' EXIT
ip netns add $a && ip netns add $b && ip link add va netns $a type veth peer name vb netns $b || exit 1
for side in "$a va 10.77.0.1" "$b vb 10.77.0.2"; do
  read -r name link address <<< "$side"
  ip -n "$name" addr add "$address/24" dev "$link"
  ip -n "$name" link set "$link" up
  ip -n "$name" link set lo up
done
# What mpirun starts ranks by on another host.
cat > agent << EOF
#!/bin/bash
host=\$1
shift
[[ \$host == 10.77.0.2 ]] && space=$b || space=$a
exec ip netns exec \$space unshare --uts bash -c 'hostname "\$0"; cd "$work"; exec bash -c "\$*"' "host-\${host##*.}" "\$@"
EOF
chmod +x agent
# two N ARGUMENTS...: N ranks on each.
two() {
  local n=$1
  shift
  ip netns exec $a unshare --uts bash -c 'hostname host-1; exec "$@"' bash timeout 300 mpirun --allow-run-as-root --bind-to none \
    --mca plm_rsh_agent "$work/agent" --host 10.77.0.1:"$n",10.77.0.2:"$n" --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 \
    --mca oob_tcp_if_include 10.77.0.0/24 -n $((2 * n)) "$intrain" "$@"
}
rate() {
  tc -n $a qdisc replace dev va root tbf rate "$1" burst 64kb latency 50ms
  tc -n $b qdisc replace dev vb root tbf rate "$1" burst 64kb latency 50ms
}
for bandwidth in 1gbit 100mbit; do
  rate $bandwidth
  rm -rf run
  begun=$(date +%s%N)
  two 1 "${training[@]}" --out run > log 2>&1
  check "two hosts, $bandwidth: the signature of one" ends_as_whole log
  echo "        $bandwidth: $((($(date +%s%N) - begun) / 1000000)) ms in all, $(sed -n 's/.*"images_per_second": \([0-9.]*\).*"seconds": \([0-9.]*\).*/\1 images\/s, \2 s of training/p' run/metrics.jsonl | tail -n 1)"
done
rm -rf run
two 2 "${training[@]}" --out run > log 2>&1
check "two ranks on each of two hosts" ends_as_whole log

rm -rf run
export INTRAIN_RANKS_PATIENCE=2
two 1 train --data synthetic:256 --model resnet8 --epochs 1000 --batch 31 --save-every 5 --out run > log 2> err &
job=$!
until grep -qs '"step": 12,' run/metrics.jsonl || ! kill -0 $job 2> /dev/null; do sleep 0.05; done
ip -n $a link set va down
begun=$SECONDS
# mpirun itself may wait for ever for its daemon on the other side.
ranks_left() { for space in $a $b; do ip netns pids $space; done | xargs -r ps -o args= -p | grep -q "^$intrain "; }
while ranks_left && ((SECONDS - begun < 60)); do sleep 0.2; done
check "the link is cut: the ranks of both sides end" not ranks_left
check "which is said, with the way back" has err '^error: rank 1 on host-2: others have waited [0-9]+ s for it'
echo "        after $((SECONDS - begun)) s: $(grep -m 1 -E '^(warning|error): ' err)"
clean_up 2> /dev/null
wait $job 2> /dev/null
finish "ranks on two hosts"
