"""Learns from a stream: each batch is predicted first, then learned from, once; halfway the classes change their meaning.

    python examples/python/online_learning.py [--quick]
"""

import argparse
import pickle

import numpy as np

import intrain

SIDE, CLASSES, BATCH = 8, 4, 16


def batches(count):
    """A bright spot in noise; its quadrant is the class, which in the second half is called by the next one's number."""
    rng = np.random.default_rng(0)
    for i in range(count):
        X = rng.integers(0, 60, (BATCH, SIDE, SIDE), dtype=np.uint8)
        spots = rng.integers(0, SIDE, (BATCH, 2))
        for image, (row, column) in zip(X, spots):
            image[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] += 150
        y = (spots[:, 0] >= SIDE // 2) * 2 + (spots[:, 1] >= SIDE // 2)
        yield X, y if i < count // 2 else (y + 1) % CLASSES


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="400 batches instead of 2000")
    count = 400 if parser.parse_args().quick else 2000

    clf = intrain.Classifier("mlp", batch_size=BATCH, learning_rate=0.02, momentum=0.5)
    hits = []
    for i, (X, y) in enumerate(batches(count), 1):
        if i > 1:
            hits.append(np.mean(clf.predict(X) == y))
        clf.partial_fit(X, y, classes=range(CLASSES))
        if i == count // 4:
            clf = pickle.loads(pickle.dumps(clf))  # it goes on as if nothing had been, here or on another machine
        if i % (count // 10) == 0:
            print(f"batches to {i:4d}: {np.mean(hits[-count // 10:]):6.1%} right before learning from them")
    print("signature", clf.signature_)


if __name__ == "__main__":
    main()
