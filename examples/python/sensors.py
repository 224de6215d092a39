"""Tells what a machine does from windows of its three sensors, with a net of one's own.

    python examples/python/sensors.py [--quick]

The numbers are floats of very different sizes: each becomes a byte by the mean and deviation that it had in training.
"""

import argparse

import numpy as np
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split

import intrain

STATES = np.array(["idle", "running", "worn bearing"])
STEPS = 32


def windows(count):
    """[count, 3 sensors x STEPS]: vibration in g, temperature in degrees, current in A; and what the machine did."""
    rng = np.random.default_rng(0)
    state = rng.integers(0, 3, count)
    t = np.arange(STEPS) + rng.integers(0, STEPS, (count, 1))
    strength = np.array([0.002, 0.02, 0.02])[state, None]
    vibration = strength * np.sin(t) + rng.normal(0, 0.004, (count, STEPS))
    vibration += np.where(state[:, None] == 2, 0.02 * np.sin(2.9 * t), 0)
    temperature = np.array([30, 55, 58])[state, None] + rng.normal(0, 6, (count, 1)) + rng.normal(0, 0.2, (count, STEPS))
    current = np.array([0.1, 3.0, 3.1])[state, None] + rng.normal(0, 0.3, (count, STEPS))
    return np.hstack([vibration, temperature, current]), STATES[state]


def small_net(shape, classes):
    """shape is (1, features, 1)."""
    b = intrain.NetBuilder(*shape, classes)
    return b.linear_logits(b.linear_relu(b.linear_relu(b.input, 64), 32))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2000 windows instead of 20000")
    X, y = windows(2000 if parser.parse_args().quick else 20000)
    X, X_val, y, y_val = train_test_split(X, y, random_state=0)

    clf = intrain.Classifier(small_net, epochs=20, batch_size=64, learning_rate=0.02)
    clf.fit(X, y, validation_data=(X_val, y_val), callbacks=intrain.EarlyStopping(5))
    print(classification_report(y_val, clf.predict(X_val)))
    scale = clf.feature_map_
    print(f"the first sample of vibration: byte = 128 + (x - {scale.mean[0]:.5f}) * {scale.scale[0]:.0f}")
    print(f"{clf.net_.parameter_count} parameters, signature {clf.signature_}")


if __name__ == "__main__":
    main()
