"""Data sets: arrays, folders of photos, and what a spec names."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _core
from ._arrays import as_images, as_labels
from ._settings import make_settings
from .errors import DataError

# What a data set was read with beside its spec, and a training must know it by.
READ_WITH = ("val_share", "transpose", "crop")


class Data:
    """Images in memory, of the caller's, to train and to evaluate on.

    Parameters
    ----------
    X : uint8 [n, h, w] or [n, h, w, c], c = 1 to 3
        Any array on the CPU. C-contiguous ones are not copied, and must stay as they are; others are copied, with a warning.
    y : whole numbers [n]
        Classes, from 0 on.
    X_val, y_val
        To evaluate on after each epoch. Without them nothing is: the histories then tell of training alone.
    classes : int
        How many there are; as many as `y` and `y_val` tell if not given.
    class_names : sequence of str
        One a class.
    mirror : bool
        Whether an image and its mirror image mean the same: not so for digits.
    layout : {"NHWC", "NCHW"}
        Of X and X_val. NCHW of more than one channel is copied, with a warning.
    name : str
        What checkpoints and run folders call the data.

    Raises
    ------
    DataError
        For other dtypes: the hint is the line to write.
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        X_val: Any = None,
        y_val: Any = None,
        *,
        classes: int | None = None,
        class_names: Sequence[str] | None = None,
        mirror: bool = True,
        layout: str = "NHWC",
        name: str = "arrays",
    ) -> None:
        if (X_val is None) != (y_val is None):
            raise DataError("X_val and y_val go together", hint="give both or none of them")
        images = as_images(X, "images", layout)
        labels = as_labels(y, len(images), classes)
        self.has_validation = X_val is not None
        if X_val is None:
            val_images, val_labels = images[:0], labels[:0]
        else:
            val_images = as_images(X_val, "validation images", layout)
            val_labels = as_labels(y_val, len(val_images), classes, "validation labels")
        if images.shape[1:] != val_images.shape[1:]:
            raise DataError(
                f"images of {images.shape[1:]}, but validation images of {val_images.shape[1:]}", hint="give both of one shape"
            )
        largest = max(int(of.max()) for of in (labels, val_labels) if len(of))
        if classes is None:
            classes = len(class_names) if class_names else largest + 1
        names = list(class_names or [])
        if names and len(names) != classes:
            raise DataError(f"{len(names)} class names for {classes} classes", hint="give one for each")
        if classes <= largest:
            raise DataError(f"the labels hold {largest}, but there are {classes} classes", hint="number them from 0 on")
        if classes < 2:
            raise DataError("the labels are all of one class", hint="there is nothing to learn; give `classes` if others come later")
        train = _core.Dataset(images, labels, classes)
        test = _core.Dataset(val_images, val_labels, classes)
        self.splits = _core.DataSplits(train, test, names, mirror, name)
        self.settings: dict[str, object] = {"data": name}

    @classmethod
    def _of(cls, splits: _core.DataSplits, settings: _core.Settings) -> Data:
        self = cls.__new__(cls)
        self._take(splits, settings)
        return self

    @classmethod
    def _read(cls, spec: str, settings: _core.Settings) -> Data:
        """A spec as a training of these settings has it."""
        settings = settings.copy()
        settings["data"] = spec
        return cls._of(_core.load_data(settings), settings)

    def _take(self, splits: _core.DataSplits, settings: _core.Settings) -> None:
        self.has_validation = True
        self.splits = splits
        self.settings = {key: settings[key] for key in ("data", *READ_WITH)}

    @property
    def train(self) -> _core.Dataset:
        return self.splits.train

    @property
    def test(self) -> _core.Dataset:
        """What is evaluated on; no images where there is nothing."""
        return self.splits.test

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels of each image."""
        return self.train.shape

    @property
    def classes(self) -> int:
        return self.train.classes

    @property
    def class_names(self) -> list[str]:
        return self.splits.class_names

    @property
    def broken(self) -> list[str]:
        """Files that were left out: ``"path: why"``."""
        return self.splits.broken

    def __repr__(self) -> str:
        h, w, c = self.shape
        return f"<{self.splits.name}: {len(self.train)} + {len(self.test)} images of {h}x{w}x{c}, {self.classes} classes>"


class ImageFolder(Data):
    """Photos in files: ``path/train/<class>/...`` and ``path/val/<class>/...``, or ``path/<class>/...`` with `val_share`.

    Parameters
    ----------
    path : str or path
    size : int
        They are scaled to so many pixels a side, when a batch needs them.
    val_share : float
        Share of each class to split off and evaluate on, where there is no folder for that.
    crop : str or float
        What evaluation sees of a photo: the side of a square in its middle over its shorter side, 0.1 to 1, or ``"whole"``.
    progress : callable
        progress(done, total), now and then while they are checked.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: int = 224,
        *,
        val_share: float = 0.0,
        crop: str | float = "auto",
        progress: Callable[[int, int], object] | None = None,
    ) -> None:
        settings = make_settings({"data": f"folder:{os.fspath(path)}:{size}", "val_share": val_share, "crop": crop})
        self._take(_core.load_data(settings, progress), settings)


class Stream:
    """No images yet: those of `Trainer.step` are all there are, one batch a step, each seen once.

    Parameters
    ----------
    shape : (h, w, c)
    classes : int
    steps : int
        Over which the learning rate falls, 1 to 100000.
    mean, deviation : sequence of float
        Of each channel's pixels, 0 to 1: what they are scaled by.
    mirror : bool
        Whether an image and its mirror image mean the same: not so for digits.
    """

    NAME = "stream"  # of its data in a checkpoint

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: int,
        steps: int,
        mean: Sequence[float],
        deviation: Sequence[float],
        *,
        mirror: bool = True,
    ) -> None:
        self.shape = shape
        self.classes = classes
        self.mirror = mirror
        self.settings: dict[str, object] = {
            "data": self.NAME, "epochs": steps, "mean": list(mean), "deviation": list(deviation), "augment": "none",
        }

    def data(self, batch: int) -> Data:
        """An epoch is one batch, of which nothing is ever shown."""
        images, labels = np.zeros((batch, *self.shape), np.uint8), np.zeros(batch, np.uint16)
        data = Data(images, labels, classes=self.classes, mirror=self.mirror, name=self.NAME)
        data.settings = self.settings
        return data


def load_data(spec: str, *, progress: Callable[[int, int], object] | None = None, **settings: object) -> Data:
    """What a data spec names, as ``intrain train --data`` takes it: ``"fashion-mnist"``, ``"cifar10:DIR"``, ``"folder:DIR:SIDE"`` ...

    Parameters
    ----------
    spec : str
        `intrain.data_help` lists them.
    progress : callable
        progress(done, total), now and then while photos are checked.
    **settings
        ``val_share``, ``transpose``, ``crop``, ``augment``, ``threads``.
    """
    made = make_settings({"data": spec, **settings})
    return Data._of(_core.load_data(made, progress), made)
