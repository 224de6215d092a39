#!/usr/bin/env python3
"""Digits drawn in the air, for a board that is then held a quarter turn from how it was in training.

  gestures.py pack FOLDER OUT     of petewarden_0.json to petewarden_9.json: the IDX files in examples/firmware/gestures/, 16 points a stroke
  gestures.py turn OUT            of those, a quarter turn on: learn.bin, test.bin, and the same as IDX files
"""

import json
import os
import random
import sys

from idx import read_split, write_demo, write_split

POINTS = 16
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gestures")


def pack(folder, out):
    train, test = [], []
    for digit in range(10):
        with open(f"{folder}/petewarden_{digit}.json", encoding="utf-8") as file:
            strokes = json.load(file)["strokes"]
        for i, stroke in enumerate(strokes):
            points = stroke["strokePoints"]
            numbers = []
            for p in range(POINTS):
                point = points[p * (len(points) - 1) // (POINTS - 1)]
                numbers += [max(0, min(255, round(128 + 224 * point[axis]))) for axis in "xy"]
            (train if i < 70 else test).append((int(stroke["label"]), numbers))
    os.makedirs(out, exist_ok=True)
    write_split(out, "train", train)
    write_split(out, "t10k", test)


def turned(numbers):
    """(x, y) to (-y, x)."""
    out = bytearray(numbers)
    for at in range(0, len(numbers), 2):
        out[at], out[at + 1] = 255 - numbers[at + 1], numbers[at]
    return out


def turn(out):
    train, test = ([(label, turned(numbers)) for label, numbers in read_split(HERE, split)] for split in ("train", "t10k"))
    random.Random(1).shuffle(train)
    write_demo(out, train, train, test)


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "pack":
        pack(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 3 and sys.argv[1] == "turn":
        turn(sys.argv[2])
    else:
        sys.exit(__doc__)
