#!/usr/bin/env python3
"""Fashion-MNIST (of Debian's dataset-fashion-mnist) for boards that learn what they were not trained on.

  fashion.py turn OUT        a quarter turn on: learn.bin, 4,000 training images, and test.bin, 500 test images
  fashion.py new_class OUT   learn.bin: 100 training images of each class, test.bin: 500 test images

Beside them IDX files: the test images, and to train on those that the board learns from, or for new_class all but the sandals.
"""

import gzip
import random
import struct
import sys

from idx import write_demo

DATA = "/usr/share/datasets/fashion-mnist"
SIDE, SANDAL = 28, 5


def read(name):
    with gzip.open(f"{DATA}/{name}.gz", "rb") as file:
        rank = file.read(4)[3]
        count = struct.unpack(f">{rank}I", file.read(4 * rank))[0]
        data = file.read()
    size = len(data) // count
    return [data[i * size : (i + 1) * size] for i in range(count)]


def read_split(split):
    labels = read(f"{split}-labels-idx1-ubyte")
    return [(label[0], image) for label, image in zip(labels, read(f"{split}-images-idx3-ubyte"))]


def turned(image):
    return bytes(image[(SIDE - 1 - x) * SIDE + y] for y in range(SIDE) for x in range(SIDE))


def turn(out):
    learn, test = ([(label, turned(image)) for label, image in read_split(split)[:count]] for split, count in (("train", 4000), ("t10k", 500)))
    write_demo(out, learn, learn, test, SIDE)


def new_class(out):
    train = read_split("train")
    learn = []
    for label in range(10):
        learn += [sample for sample in train if sample[0] == label][:100]
    random.Random(1).shuffle(learn)
    write_demo(out, [sample for sample in train if sample[0] != SANDAL], learn, read_split("t10k")[:500], SIDE)


if __name__ == "__main__":
    tasks = {"turn": turn, "new_class": new_class}
    if len(sys.argv) != 3 or sys.argv[1] not in tasks:
        sys.exit(__doc__)
    tasks[sys.argv[1]](sys.argv[2])
