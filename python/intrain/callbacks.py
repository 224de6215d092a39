"""What is told of a training, and may end it."""

from __future__ import annotations

import os
from collections.abc import Callable as Function
from typing import TYPE_CHECKING, Any

from . import _core, distributed
from .errors import ConfigError

if TYPE_CHECKING:
    from .history import History
    from .trainer import Trainer


class Callback:
    """To derive from. Methods are called in the thread that called fit; one that returns True ends the training after the running step, with
    the state saved, and so does what one raises. They may evaluate, predict and take the state, but neither fit nor step.

    Attributes
    ----------
    every_step : bool
        Whether on_step_end is told of each step; else of the newest one at most every 0.1 s, which costs no time. On several ranks
        (`intrain.distributed`) of each, so that all are told of the same.
    """

    every_step = False

    def on_train_begin(self, trainer: Trainer, plan: _core.Plan) -> bool | None: ...
    def on_step_end(self, trainer: Trainer, step: _core.StepReport) -> bool | None: ...
    def on_epoch_end(self, trainer: Trainer, epoch: _core.EpochReport) -> bool | None: ...
    def on_train_end(self, trainer: Trainer, history: History) -> None: ...


def _need_validation(plan: _core.Plan, what: str) -> None:
    if plan.test_images == 0:
        raise ConfigError(f"{what} goes by the test accuracy, and there is nothing to evaluate on", hint="give validation data")


class EarlyStopping(Callback):
    """Ends after so many epochs in which the test accuracy was not better than ever before."""

    def __init__(self, patience: int = 3) -> None:
        self.patience = patience
        self.best_epoch = 0

    def on_train_begin(self, trainer: Trainer, plan: _core.Plan) -> None:
        _need_validation(plan, "EarlyStopping")
        self.best_epoch = 0

    def on_epoch_end(self, trainer: Trainer, epoch: _core.EpochReport) -> bool:
        if epoch.best or self.best_epoch == 0:
            self.best_epoch = epoch.epoch
        return epoch.epoch - self.best_epoch >= self.patience


class Checkpoint(Callback):
    """Writes the state after each epoch, or each better one, to a file that the command line takes too. Of ranks the first does."""

    def __init__(self, path: str | os.PathLike[str], best_only: bool = False) -> None:
        self.path = path
        self.best_only = best_only

    def on_train_begin(self, trainer: Trainer, plan: _core.Plan) -> None:
        if self.best_only:
            _need_validation(plan, "Checkpoint(best_only=True)")

    def on_epoch_end(self, trainer: Trainer, epoch: _core.EpochReport) -> None:
        if distributed.rank() == 0 and (epoch.best or not self.best_only):
            trainer.net.save(self.path)


class Progress(Callback):
    """A bar of tqdm, where that is installed, else a line each epoch. Of ranks the first shows it."""

    def __init__(self) -> None:
        self._bar: Any = None

    def on_train_begin(self, trainer: Trainer, plan: _core.Plan) -> None:
        if distributed.rank() > 0:
            return
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self._bar = None
            return
        self._bar = tqdm(total=plan.total_steps, initial=plan.first_step, unit="step")

    def on_step_end(self, trainer: Trainer, step: _core.StepReport) -> None:
        if self._bar is not None:
            self._bar.set_postfix(loss=f"{step.loss:.3f}", images_s=f"{step.images_per_second:.0f}", refresh=False)
            self._bar.update(step.step - self._bar.n)

    def on_epoch_end(self, trainer: Trainer, epoch: _core.EpochReport) -> None:
        if distributed.rank() > 0:
            return
        text = f"epoch {epoch.epoch}: loss {epoch.train_loss:.4f}, accuracy {epoch.train_accuracy:.4f}"
        if trainer.data is not None and trainer.data.has_validation:
            text += f", validation loss {epoch.test_loss:.4f}, accuracy {epoch.test_accuracy:.4f}"
        if self._bar is None:
            print(text)
        else:
            self._bar.write(text)

    def on_train_end(self, trainer: Trainer, history: History) -> None:
        if self._bar is not None:
            self._bar.close()


AnyCallback = Callback | Function[["Trainer", _core.EpochReport], object]


class EachEpoch(Callback):
    """A plain function as a callback."""

    def __init__(self, function: Function[[Trainer, _core.EpochReport], object]) -> None:
        self.function = function

    def on_epoch_end(self, trainer: Trainer, epoch: _core.EpochReport) -> bool:
        return self.function(trainer, epoch) is True


def as_callbacks(callbacks: AnyCallback | list[AnyCallback] | tuple[AnyCallback, ...] | None) -> list[Callback]:
    if callbacks is None:
        return []
    several = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    return [c if hasattr(c, "on_epoch_end") else EachEpoch(c) for c in several]  # type: ignore[misc]


def step_seconds(callbacks: list[Callback]) -> float | None:
    """How often they want to be told of a step; None: not at all, so that the training need not wait for Python."""
    listening = [c for c in callbacks if getattr(c.on_step_end, "__func__", None) is not Callback.on_step_end]
    if not listening:
        return None
    # Progress asks the others nothing, so that each rank may see other steps; a method of a class that derives from it may ask.
    together = distributed.ranks() > 1 and not all(getattr(c.on_step_end, "__func__", None) is Progress.on_step_end for c in listening)
    return 0.0 if together or any(getattr(c, "every_step", False) for c in listening) else 0.1
