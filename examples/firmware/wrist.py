#!/usr/bin/env python3
"""What a person does, by an accelerometer at the wrist: for a net that meets a person it was not trained on.

  wrist.py FOLDER OUT [PERSON]    of the unpacked recordings of UCI's "Dataset for ADL Recognition with Wrist-worn Accelerometer": IDX files of
                                  all others than PERSON (f1); learn.bin: PERSON's first 6 recordings of each motion, test.bin: the rest

A sample is a window of 2 seconds, 64 times x, y and z; windows begin a second apart.
"""

import glob
import random
import sys

from idx import write_demo

MOTIONS = ["climb_stairs", "comb_hair", "descend_stairs", "drink_glass", "getup_bed", "liedown_bed", "pour_water", "sitdown_chair",
           "standup_chair", "walk"]
WINDOW, STEP, FIRST = 64, 32, 6


def windows(path):
    with open(path, encoding="ascii") as file:
        numbers = [min(255, 4 * int(number)) for line in file for number in line.split()]
    return [numbers[at : at + 3 * WINDOW] for at in range(0, len(numbers) - 3 * WINDOW + 1, 3 * STEP)]


def main(folder, out, person):
    others, learn, test = [], [], []
    for label, motion in enumerate(MOTIONS):
        own = 0
        for path in sorted(glob.glob(f"{folder}/{motion.capitalize()}/*.txt")):
            samples = [(label, window) for window in windows(path)]
            if not path.endswith(f"-{person}.txt"):
                others += samples
            elif own < FIRST:
                learn += samples
                own += 1
            else:
                test += samples
    random.Random(1).shuffle(learn)
    write_demo(out, others, learn, test)
    print(f"{len(others)} windows of others, {len(learn)} to learn from, {len(test)} to test on")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) == 4 else "f1")
