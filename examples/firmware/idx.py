"""IDX files, as `intrain train --data mnist:DIR` takes them, and the samples that a board reads: label and pixels of each, a byte a number."""

import os
import struct
import sys


def write_idx(path, dims, data):
    with open(path, "wb") as file:
        file.write(struct.pack(f">4B{len(dims)}I", 0, 0, 8, len(dims), *dims) + bytes(data))


def read_idx(path):
    with open(path, "rb") as file:
        rank = file.read(4)[3]
        dims = struct.unpack(f">{rank}I", file.read(4 * rank))
        return dims, file.read()


def write_split(folder, split, samples, height=1):
    """samples: (label, numbers of 0 to 255) each, signals of one row or images of `height`. split: train or t10k."""
    width = len(samples[0][1]) // height
    write_idx(f"{folder}/{split}-images-idx3-ubyte", (len(samples), height, width), b"".join(bytes(x) for _, x in samples))
    write_idx(f"{folder}/{split}-labels-idx1-ubyte", (len(samples),), bytes(label for label, _ in samples))


def read_split(folder, split):
    dims, pixels = read_idx(f"{folder}/{split}-images-idx3-ubyte")
    _, labels = read_idx(f"{folder}/{split}-labels-idx1-ubyte")
    size = dims[1] * dims[2]
    return [(labels[i], pixels[i * size : (i + 1) * size]) for i in range(dims[0])]


def write_samples(path, samples):
    with open(path, "wb") as file:
        for label, numbers in samples:
            file.write(bytes([label]) + bytes(numbers))


def write_demo(folder, train, learn, test, height=1):
    """What a demo takes: `train` for the desktop, `learn` for the board, and `test` for both. Ends the program where one is empty."""
    if not (train and learn and test):
        print("error: the recordings have none to train with, to learn from, or to test on\n"
              "hint: name the folder that they were unpacked into, and who is left out as their files do", file=sys.stderr)
        sys.exit(2)
    os.makedirs(folder, exist_ok=True)
    write_split(folder, "train", train, height)
    write_split(folder, "t10k", test, height)
    write_samples(f"{folder}/learn.bin", learn)
    write_samples(f"{folder}/test.bin", test)
