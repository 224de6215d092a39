#!/usr/bin/env python3
"""Spoken digits, for a net that meets a voice it was not trained on. It takes numpy.

  spoken.py FOLDER OUT [SPEAKER]    of recordings/{digit}_{speaker}_{number}.wav: IDX files of all others than SPEAKER (theo); learn.bin: SPEAKER's
                                    numbers 0 to 9 of each digit, test.bin: the rest

A sample is an image of 40 times 16 ms and 20 bands of frequency, the logarithm of the power in each, from where the sound begins.
"""

import glob
import os
import random
import sys
import wave

try:
    import numpy as np
except ImportError:
    print("error: this Python has no numpy\nhint: install python3-numpy, or put a Python that has it first in PATH", file=sys.stderr)
    sys.exit(2)

from idx import write_demo

FRAMES, BANDS, HOP, LENGTH, FIRST = 40, 20, 128, 256, 10
# Edges at equal distances of 2595 log10(1 + f / 700), to 4 kHz.
EDGES = np.rint(700 * (10 ** (np.linspace(40, 2146, BANDS + 2) / 2595) - 1) / 4000 * (LENGTH // 2)).astype(int)


def features(path):
    with wave.open(path) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16).astype(float)
    loud = np.flatnonzero(np.abs(sound) > 0.05 * np.abs(sound).max())
    sound = np.pad(sound[loud[0] :], (0, FRAMES * HOP + LENGTH))
    frames = np.stack([sound[i * HOP : i * HOP + LENGTH] for i in range(FRAMES)])
    power = np.abs(np.fft.rfft(frames * np.hanning(LENGTH))) ** 2
    bands = np.stack([power[:, EDGES[b] : max(EDGES[b + 2], EDGES[b] + 1)].mean(axis=1) for b in range(BANDS)], axis=1)
    decibels = 10 * np.log10(bands + 1e-9)
    return np.clip(np.rint(255 + 4 * (decibels - decibels.max())), 0, 255).astype(np.uint8).tobytes()


def main(folder, out, speaker):
    others, learn, test = [], [], []
    for path in sorted(glob.glob(f"{folder}/recordings/*.wav")):
        digit, name, number = os.path.basename(path)[:-4].split("_")
        sample = (int(digit), features(path))
        (others if name != speaker else learn if int(number) < FIRST else test).append(sample)
    random.Random(1).shuffle(learn)
    write_demo(out, others, learn, test, FRAMES)
    print(f"{len(others)} recordings of others, {len(learn)} to learn from, {len(test)} to test on")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) == 4 else "theo")
