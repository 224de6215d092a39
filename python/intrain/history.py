"""How a training went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._curve import learning_curve
from .errors import Error


class History(Mapping[str, list[float]]):
    """What `Trainer.fit` returns: also the mapping `history` itself, so that ``history["val_accuracy"]`` is a list, and ``pandas.DataFrame(dict(history))``
    a table. In a notebook it shows its learning curve.

    Attributes
    ----------
    history : dict of lists, an entry an epoch
        ``epoch``, ``loss``, ``accuracy``, ``seconds``, ``images_per_second``, and with data to evaluate on ``val_loss``, ``val_accuracy``.
    step_losses : float64 [steps of this call]
    signature : str
        16 hexadecimal digits: of all state at the end.
    stopped : bool
        Before the end: fit can be called again.
    folder : str
        Of the run; empty without one.
    test : Evaluation or None
        After the last epoch; None without data to evaluate on, and of a history that was pickled.
    """

    def __init__(self, has_validation: bool) -> None:
        self.history: dict[str, list[float]] = {"epoch": [], "loss": [], "accuracy": [], "seconds": [], "images_per_second": []}
        if has_validation:
            self.history.update(val_loss=[], val_accuracy=[])
        self._has_validation = has_validation
        self.step_losses: NDArray[np.float64] = np.zeros(0)
        self.signature = ""
        self.stopped = False
        self.folder = ""
        self.step = 0
        self.seconds = 0.0
        self.test: _core.Evaluation | None = None

    def _add(self, epoch: _core.EpochReport) -> None:
        values: dict[str, float] = {
            "epoch": epoch.epoch, "loss": epoch.train_loss, "accuracy": epoch.train_accuracy, "seconds": epoch.seconds,
            "images_per_second": epoch.images_per_second, "val_loss": epoch.test_loss, "val_accuracy": epoch.test_accuracy,
        }
        for key, values_so_far in self.history.items():
            values_so_far.append(values[key])

    def _end(self, result: _core.FitResult) -> None:
        self.step_losses = result.step_losses
        self.signature = result.signature
        self.stopped = result.stopped
        self.folder = result.folder
        self.step = result.step
        self.seconds = result.seconds
        self.test = result.test if self._has_validation and result.test.count > 0 else None

    def __getitem__(self, key: str) -> list[float]:
        return self.history[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.history)

    def __len__(self) -> int:
        return len(self.history)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "test": None}

    def plot(self, axes: Any = None) -> Any:
        """Loss and accuracy over epochs, of training and of validation where there is one.

        Parameters
        ----------
        axes : two axes of matplotlib
            To draw into; None: of a new figure.

        Returns
        -------
        The figure of matplotlib.

        Raises
        ------
        Error
            Without matplotlib.
        """
        try:
            from matplotlib import pyplot
        except ImportError as e:
            raise Error("a plot takes matplotlib, which is not installed", hint='pip install "intrain[plot]"') from e
        if axes is None:
            _, axes = pyplot.subplots(1, 2, figsize=(9, 3), layout="constrained")
        for axis, key in zip(axes, ("loss", "accuracy"), strict=True):
            axis.plot(self["epoch"], self[key], marker=".", label="training")
            if self._has_validation:
                axis.plot(self["epoch"], self["val_" + key], marker=".", label="validation")
                axis.legend()
            axis.set(xlabel="epoch", ylabel=key)
        return axes[0].figure

    def _repr_html_(self) -> str:
        return learning_curve(self)

    def __repr__(self) -> str:
        return f"<History: {len(self.history['epoch'])} epochs, {self.step} steps, signature {self.signature}>"
