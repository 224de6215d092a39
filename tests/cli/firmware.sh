#!/usr/bin/env bash
# From a checkpoint to firmware that learns, compiled for this machine: what it stores and records, taken back and learned again.
#
#   firmware.sh BINARY
source "$(dirname "$0")/support/lib.sh"

readonly net=$here/../../examples/micro.toml
# Learns from the images of stdin, whose records it writes to `samples`; stores to slot.0 and slot.1.
cat > main.c << 'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "intrain_net.h"
static uint64_t arena[INTRAIN_ARENA_BYTES / 8];
static FILE* slots[2];
static int32_t get(void* context, int32_t slot, uint32_t offset, void* to, uint32_t bytes) {
  (void)context;
  if (fseek(slots[slot], offset, SEEK_SET) != 0) return 0;
  if (fread(to, bytes, 1, slots[slot]) != 1) memset(to, 0, bytes); /* never written */
  return !ferror(slots[slot]);
}
static int32_t put(void* context, int32_t slot, uint32_t offset, const void* from, uint32_t bytes) {
  (void)context;
  return fseek(slots[slot], offset, SEEK_SET) == 0 && fwrite(from, bytes, 1, slots[slot]) == 1 && fflush(slots[slot]) == 0;
}
int main(int count, char** arguments) {
  const intrain_storage storage = {0, get, 0, put};
  const int steps = atoi(arguments[1]);
  uint32_t head[4] = {0x72746e69, 0x536e6961, 1, INTRAIN_INPUTS}, rate[3] = {0xffffffff, 700, (uint32_t)-17}, label;
  uint8_t pixels[INTRAIN_INPUTS];
  FILE* samples = fopen("samples", "wb");
  if (count != 2 || samples == 0) return 1;
  for (int i = 0; i < 2; ++i) {
    const char name[] = {'s', 'l', 'o', 't', '.', (char)('0' + i), 0};
    slots[i] = fopen(name, "r+b");
    if (slots[i] == 0) slots[i] = fopen(name, "w+b");
  }
  intrain_init(arena);
  const int loaded = intrain_load(arena, &storage);
  fprintf(stderr, "%d %d %u\n", loaded, intrain_info()->learning_layers, (unsigned)intrain_step_count(arena));
  fwrite(head, sizeof head, 1, samples);
  for (int i = 0; i < steps; ++i) {
    if (i == 3) {
      if (!intrain_set_rate(arena, 700, -17)) return 2;
      fwrite(rate, sizeof rate, 1, samples);
    }
    if (fread(pixels, sizeof pixels, 1, stdin) != 1) return 3;
    label = (uint32_t)i % INTRAIN_CLASSES;
    if (intrain_train_step(arena, pixels, (int32_t)label) < 0 || intrain_train_step(arena, pixels, INTRAIN_CLASSES) != -1) return 4;
    fwrite(&label, 4, 1, samples);
    fwrite(pixels, sizeof pixels, 1, samples);
  }
  if (!intrain_save(arena, &storage)) return 5;
  printf("%016llx\n", (unsigned long long)intrain_signature(arena));
  return fclose(samples);
}
END
"$intrain" train --data synthetic:64 --model "$net" --epochs 1 --batch 16 --augment none --optimizer plain --out run > train
check "a net to export is trained" test $? -eq 0
readonly base=run/final.ckpt
head -c 100000 "$intrain" > images

"$intrain" export --checkpoint $base --firmware fw --mode last-2 > export
check "firmware is exported" test $? -eq 0
check "the sizes of the modes are told" test "$(grep -cE '^  (infer|head|full|last-2) +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+' export)" -ge 3
check "it compiles without a warning" make -s -j2 -C fw FLAGS='-Wall -Wextra -Werror'
cc -Ifw -Ifw/src main.c fw/libintrain_net.a -o device
check "a device begins as it was exported" test $? -eq 0
./device 6 < images > signature 2> told
check "it learns" test $? -eq 0
check "from nothing stored" has told '^0 2 0$'
cp samples samples.first
"$intrain" replay --checkpoint $base --mode last-2 --samples samples --signature "$(< signature)" --out replayed.ckpt > replay
check "its steps are repeated" test $? -eq 0
check "with its signature" has replay "^signature: $(< signature)$"
"$intrain" import --checkpoint $base --device-state slot.0 --out device.ckpt > import
check "what it stored becomes a checkpoint" has import "^signature: $(< signature)$"
check "the one of the same steps" cmp device.ckpt replayed.ckpt
"$intrain" export --checkpoint device.ckpt --mode last-2 --device-state state > /dev/null
check "and its state again" cmp state slot.0
cp slot.0 begin
./device 4 < images > signature 2> told
check "it goes on where it was" has told '^1 2 6$'
"$intrain" replay --checkpoint $base --device-state begin --samples samples --signature "$(< signature)" > replay
check "and its steps from there" has replay "^equal to the device's signature"
"$intrain" replay --checkpoint $base --mode last-2 --samples samples --signature "$(< signature)" > replay
check "others have another signature" test $? -eq 1
check "which is told" has replay '^DIFFERENT'
"$intrain" eval --checkpoint device.ckpt --data synthetic:64 > eval
check "such a checkpoint is evaluated" has eval accuracy

"$intrain" export --checkpoint $base --firmware predicts --mode infer > /dev/null
check "firmware that predicts only" not grep -rq intrain_train_step predicts
head -c 300 slot.0 > part
"$intrain" train --data synthetic:64 --model "$net" --epochs 1 --batch 16 --augment none --optimizer plain --seed 1 --out other > train
refused "a mode that the net lacks" "last-9.*--mode" export --checkpoint $base --firmware fw --mode last-9
refused "a mode of nothing" "--mode" export --checkpoint $base --onnx no.onnx --mode head
refused "a state of what predicts only" "no state.*--mode" export --checkpoint $base --device-state state --mode infer
refused "half a state" "no state of a device \\(part\\)" import --checkpoint $base --device-state part --out no.ckpt
refused "a state without its checkpoint" "--checkpoint" import --device-state slot.0 --out no.ckpt
"$intrain" train --data synthetic:64 --model "$net" --epochs 1 --batch 16 --mixup 0.4 --out mixed > train
"$intrain" export --checkpoint mixed/final.ckpt --device-state mixed.state --mode head > export
"$intrain" import --checkpoint mixed/final.ckpt --device-state mixed.state --out mixed.ckpt > import
"$intrain" eval --checkpoint mixed.ckpt > eval
check "what learned from mixed images comes back from a device" test $? -eq 0
refused "a state of another checkpoint" "slot.0" import --checkpoint other/final.ckpt --device-state slot.0 --out no.ckpt
for flag in "--model x" --new-head "--calibrate 9" "--crop 1" "--val-share 0.1" --transpose "--mean 1" "--deviation 1" "--border mean" "--threads 2"; do
  # shellcheck disable=SC2086  # a flag and its value
  refused "a state of a device with $flag" "${flag%% *}" import --checkpoint $base --device-state slot.0 --out no.ckpt $flag
done
refused "no record" "images" replay --checkpoint $base --samples images
refused "no signature" "--signature" replay --checkpoint $base --samples samples --signature 12
check "and nothing is written" test ! -e no.ckpt

mkdir full
echo mine > full/Makefile
refused "a folder of other files" "no firmware.*full" export --checkpoint $base --firmware full
refused "a file for a folder" "no folder.*part" export --checkpoint $base --firmware part
check "which stay" grep -q mine full/Makefile
"$intrain" export --checkpoint $base --firmware fw --mode infer > export
check "a folder of an export is made anew" test $? -eq 0
check "without its other example" diff <(cd fw && find . -name '*.ino') <(echo ./examples/Predict/Predict.ino)
"$intrain" train --data synthetic:64 --model resnet8 --epochs 1 --batch 16 --augment none --out added > train
check "a net that no firmware has is trained" test $? -eq 0
refused "its firmware, before anything is written" "layer .* adds another$" export --checkpoint added/final.ckpt --onnx no.onnx --firmware no.firmware

# Fewer parameters than a signature takes.
printf "[[layer]]\ntype='conv'\nchannels=1\nsize=1\nbatch_norm=false\n[[layer]]\ntype='average_pool'\n" > small.toml
"$intrain" train --data synthetic:64 --model small.toml --epochs 1 --batch 16 --augment none --optimizer plain --out small > train
check "a small net is trained" test $? -eq 0
"$intrain" export --checkpoint small/final.ckpt --firmware small_fw --mode infer > export
check "it is exported where it only predicts" test $? -eq 0
check "and the modes that are refused are told" test "$(grep -cE '^  (head|full) +- +- +- +- +-$' export)" -eq 2
refused "not where it learns" "22 parameters" export --checkpoint small/final.ckpt --firmware no.firmware --mode full

finish "firmware"
