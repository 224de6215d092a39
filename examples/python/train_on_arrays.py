"""Trains on images in numpy arrays, looks at how it went, and keeps the net.

    python examples/python/train_on_arrays.py [--quick]

Fashion-MNIST of the Debian package dataset-fashion-mnist, or images made here where there is none.
"""

import argparse
import os

import numpy as np

import intrain


def images(quick):
    """X, y, X_val, y_val."""
    if quick or not os.path.isdir("/usr/share/datasets/fashion-mnist"):
        data = intrain.load_data("synthetic:2048")
    else:
        data = intrain.load_data("fashion-mnist")
    return data.train.images, data.train.labels, data.test.images, data.test.labels


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="on 2048 small images")
    quick = parser.parse_args().quick
    X, y, X_val, y_val = images(quick)

    clf = intrain.Classifier("resnet8", epochs=3, verbose=0 if quick else 1)
    clf.fit(X, y, validation_data=(X_val, y_val))
    print(f"validation accuracy {clf.history_['val_accuracy'][-1]:.4f}, signature {clf.signature_}")

    probabilities = clf.predict_proba(X_val[:3])
    print("the first three images:", clf.predict(X_val[:3]), "with", np.round(probabilities.max(axis=1), 3))

    clf.net_.save("net.ckpt")  # intrain eval, predict, export and train --init-from take it
    same = intrain.Net.load("net.ckpt")
    assert (clf.classes_[same.predict(X_val)] == clf.predict(X_val)).all()
    print("net.ckpt holds", same)


if __name__ == "__main__":
    main()
