"""Trains a small net in PyTorch, in float32, brings it over, and trains it further in integers.

    python examples/python/fine_tune_torch.py [--quick]
"""

import argparse
import sys

import numpy as np

import intrain

try:
    import torch
    from torch import nn
except ImportError:
    print("skipped: PyTorch is not installed (pip install torch)")
    sys.exit()


class FloatNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        def block(c, k, stride):
            return nn.Sequential(nn.Conv2d(c, k, 3, stride, 1, bias=False), nn.BatchNorm2d(k), nn.ReLU())
        self.body = nn.Sequential(block(1, 16, 1), block(16, 32, 2), block(32, 32, 1))
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4096 images instead of 16384")
    count = 4096 if parser.parse_args().quick else 16384
    read = intrain.load_data(f"synthetic:{count}")
    X, y, X_val, y_val = (np.array(a) for a in (read.train.images, read.train.labels, read.test.images, read.test.labels))
    mean, deviation = X.mean() / 255, X.std() / 255

    torch.manual_seed(0)
    net = FloatNet(read.classes)
    optimizer = torch.optim.SGD(net.parameters(), 0.05, 0.9)
    images = torch.from_numpy((X.transpose(0, 3, 1, 2) / 255 - mean) / deviation).float()
    labels = torch.from_numpy(y.astype(np.int64))
    for at in range(0, len(X) - 63, 64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images[at : at + 64]), labels[at : at + 64]).backward()
        optimizer.step()

    data = intrain.Data(X, y, X_val, y_val, classes=read.classes)
    imported = intrain.from_torch(net, data, mean=[mean], deviation=[deviation])
    print(f"in float32, then imported: accuracy {imported.evaluate(X_val, y_val).accuracy:.4f}")
    clf = intrain.Classifier(imported, epochs=2, batch_size=64, learning_rate=0.01, augment="none").fit(X, y, validation_data=(X_val, y_val))
    print(f"trained on in integers: {clf.history_['val_accuracy']}")


if __name__ == "__main__":
    main()
