"""Tables of numbers as the bytes that nets read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DataError

# A standard deviation is so many steps of a byte, and the mean the byte 128. A net counts pixels in 2**-5 of a standard deviation, so with this
# mean and deviation for its images it reads byte - 128, and nothing is rounded twice.
STEPS = 32
MEAN, DEVIATION = [128 / 255], [STEPS / 255]
# Rows at a time: what is needed beside the table and its bytes stays small.
_ROWS = 1024


class FeatureMap:
    """byte = 128 + clip(rint((x - mean) * scale), -127, 127), for each feature by itself.

    Sums run row by row, in float64, so that the same table gives the same bytes on every machine.

    Attributes
    ----------
    mean : float64 [features]
    scale : float64 [features]
        32 / standard deviation; 1 where all numbers were equal.
    """

    def __init__(self, table: NDArray[Any]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            first = table[0].astype(np.float64)  # from which equal numbers differ by 0, whatever their mean rounds to
            self.mean = first + _sum(rows - first for rows in _chunks(table)) / len(table)
            deviation = np.sqrt(_sum((rows - self.mean) ** 2 for rows in _chunks(table)) / len(table))
        if not np.isfinite(deviation).all():
            feature = int(np.flatnonzero(~np.isfinite(deviation))[0])
            raise DataError(f"the numbers of feature {feature} are too large: their squares overflow", hint="scale them: X = X / abs(X).max(axis=0)")
        self.scale: NDArray[np.float64] = STEPS / np.where(deviation == 0, STEPS, deviation)

    def images(self, table: NDArray[Any]) -> NDArray[np.uint8]:
        """[n, features] as images [n, 1, features, 1]."""
        images = np.empty((len(table), 1, table.shape[1], 1), np.uint8)
        with np.errstate(over="ignore"):
            for at in range(0, len(table), _ROWS):
                steps = np.rint((table[at : at + _ROWS].astype(np.float64) - self.mean) * self.scale)
                images[at : at + _ROWS, 0, :, 0] = np.clip(steps, -127, 127) + 128
        return images


def _chunks(table: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    for at in range(0, len(table), _ROWS):
        yield table[at : at + _ROWS].astype(np.float64)


def _sum(chunks: Iterator[NDArray[np.float64]]) -> NDArray[np.float64]:
    total: Any = 0.0
    for rows in chunks:
        total = total + np.add.accumulate(rows, axis=0)[-1]  # in order, as add.reduce need not be
    return np.asarray(total)
