"""Keyword arguments as settings: one flat list of keys, those of ``intrain train``, and small objects that stand for several of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from . import _core
from .errors import ConfigError

SettingValue = bool | int | float | str | list[float] | list[str]


@dataclass(frozen=True)
class SGD:
    """Momentum SGD, in integers.

    Parameters
    ----------
    lr : float
        Peak learning rate, 1e-9 to 100.
    momentum : float
        Share of the last update kept, 0 or 0.001 to below 1.
    weight_decay : float
        Added to the gradient for each weight, times the weight; 0 or 1e-9 to 1.
    nesterov : bool
        Whether a step looks ahead by the one after it.
    decay : {"all", "weights"}
        What `weight_decay` acts on: "weights" leaves batch norm and biases alone.
    bias_lr_log2 : int
        Beta of batch norm and biases learn 2^bias_lr_log2 times as fast; 0 to 16.
    """

    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    nesterov: bool = False
    decay: str = "all"
    bias_lr_log2: int = 0

    def settings(self) -> dict[str, object]:
        return {
            "lr": self.lr, "momentum": self.momentum, "weight_decay": self.weight_decay, "nesterov": self.nesterov, "decay": self.decay,
            "bias_lr_log2": self.bias_lr_log2,
        }


@dataclass(frozen=True)
class Schedule:
    """How the learning rate falls.

    Parameters
    ----------
    name : {"cosine", "linear", "step", "wageubn"}
        To 0, twice; to 1/10 at half and 1/100 at three quarters; to 0.12, 0.06, 0.03 at 30, 60, 80 %.
    warmup : float
        Epochs, and parts of one, over which it rises from near 0 first.
    restarts : int
        Times that "cosine" or "linear" begins anew, after equal parts of the steps.
    """

    name: str = "cosine"
    warmup: float = 0
    restarts: int = 0

    def settings(self) -> dict[str, object]:
        return {"schedule": self.name, "warmup": self.warmup, "restarts": self.restarts}


def threads_of(n_jobs: int | None) -> int:
    """The smallest of the cores that there are to be had, ``INTRAIN_NUM_THREADS`` and `n_jobs`, of which more get a warning; None and -1 ask for all."""
    most = _core.default_threads()
    if n_jobs is None or n_jobs == -1:
        return most
    if n_jobs < 1:
        raise ConfigError(f"{n_jobs} threads", hint="give 1 or more, or -1 for all", setting="threads")
    if n_jobs > most:
        warnings.warn(
            f"{n_jobs} threads were asked for, but {most} will compute: as many as this process has cores, or INTRAIN_NUM_THREADS says", stacklevel=3
        )
    return min(n_jobs, most)


def make_settings(
    given: Mapping[str, object],
    *,
    recipe: str | None = None,
    optimizer: SGD | str | None = None,
    schedule: Schedule | str | None = None,
    widths: Mapping[str, int | str] | None = None,
) -> _core.Settings:
    """The defaults, then the recipe, then the objects, then `given` and `widths`, which win."""
    settings = _core.Settings()
    if recipe is not None:
        settings.apply_recipe(recipe)
    if isinstance(optimizer, SGD):
        set_all(settings, optimizer.settings())
    elif optimizer is not None:
        settings["optimizer"] = optimizer
    if isinstance(schedule, Schedule):
        set_all(settings, schedule.settings())
    elif schedule is not None:
        settings["schedule"] = schedule
    threads = given.get("threads")
    set_all(settings, {key: value for key, value in given.items() if key != "threads"})
    settings["threads"] = -1 if isinstance(threads, bool) else threads_of(threads)  # type: ignore[arg-type]
    set_all(settings, {f"formats.{key}": value for key, value in (widths or {}).items()})
    return settings


def set_all(settings: _core.Settings, values: Mapping[str, object]) -> None:
    for key, value in values.items():
        settings[key] = value


def settings_dict(settings: _core.Settings) -> dict[str, SettingValue]:
    """All settings by their keys, and the number formats as ``formats.w``."""
    return {key: settings[key] for key in (*settings.keys(), *settings.width_keys())}
