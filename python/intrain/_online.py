"""Learning that has no end: the Trainer on which each step is a batch that somebody brings."""

from __future__ import annotations

from collections.abc import Callable as Function

import numpy as np
from numpy.typing import NDArray

from . import distributed
from ._tables import MEAN
from .data import Data, Stream
from .errors import DataError
from .net import Net
from .trainer import Trainer

# The rate of the schedule "step" stays as it is for half of these, the most that there are; then the stream begins anew.
STEPS = 100_000
# Images are seen as they are, and each batch is a step: what an estimator augments with, balances, sums up and waits for is of `fit` alone.
SETTINGS: dict[str, object] = {
    "epochs": STEPS, "schedule": "step", "warmup": 0, "augment": "none", "mirror": "random", "shift": "auto", "border": "", "cutout": 0,
    "color_jitter": [], "mixup": "none", "restarts": 0, "accumulate": 1, "patience": 0, "balance": False,
}


def is_open(trainer: Trainer) -> bool:
    return trainer.steps_done < STEPS // 2


def open_stream(
    net: Net, images: NDArray[np.uint8], table: bool, mirror: bool, make: Function[[Net, Data], Trainer], batch: int, threads: int
) -> Trainer:
    """Goes on from the numbers of `net`, in the very state of the stream that it was of, if any; the pixels are then scaled as they were.

    `make` makes the Trainer of a new stream. `images` are the first, whose mean and deviation scale those of a net without numbers.
    `mirror`: as of `Data`.
    """
    stream = Stream(net.shape, net.classes, STEPS, MEAN, MEAN, mirror=mirror)
    if net.has_numbers:
        del stream.settings["mean"], stream.settings["deviation"]
        if net.settings["data"] == "stream" and net.step < STEPS // 2:
            return Trainer.resume(net.state(), stream.data(int(net.settings["batch"])), threads=threads)  # type: ignore[arg-type]
    elif table:
        del stream.settings["mean"], stream.settings["deviation"]  # those that `make` gives
    else:
        stream.settings.update(pixel_statistics(images))
    return make(net, stream.data(batch if isinstance(batch, (int, np.integer)) and batch > 0 else 1))  # which it refuses


def check_last_step(images: int, batch: int) -> None:
    """Before the first step of so many images: each of the ranks must have one in the last, too."""
    last, ranks = images % batch or batch, distributed.ranks()
    if last < ranks:
        raise DataError(
            f"{images} images in steps of {batch} leave {last} to the last, for {ranks} ranks",
            hint=f"give some more or fewer, so that it has {ranks} at least, or begin with another `batch_size`",
        )


def pixel_statistics(images: NDArray[np.uint8]) -> dict[str, object]:
    """Mean and deviation of each channel, of 0 to 1: of exact counts, so the same on every machine."""
    mean, deviation = [], []
    pixel = np.arange(256)
    for c in range(images.shape[3]):
        counts = np.zeros(256, np.int64)
        for at in range(0, len(images), 256):
            counts += np.bincount(images[at : at + 256, :, :, c].ravel(), minlength=256)
        n, total, squares = (int(np.sum(counts * pixel**k)) for k in (0, 1, 2))
        mean.append(total / n / 255)
        deviation.append(min(max(((n * squares - total**2) / n**2) ** 0.5 / 255, 0.01), 1.0))
    return {"mean": mean, "deviation": deviation}
