"""The parameters of a Classifier as the net and the Trainer that they mean."""

from __future__ import annotations

import os
from collections.abc import Callable as Function
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _tables
from ._sklearn import seed_of, threads_default
from .data import Data
from .errors import ConfigError
from .net import Net
from .trainer import Trainer

Model = str | os.PathLike[str] | Net | Function[[tuple[int, int, int], int], Net]


def net_of(estimator: Any) -> Net:
    """The net to train, without numbers unless the model has some."""
    model: Any = estimator.model
    if isinstance(model, Net):
        return model
    if callable(model):
        made = model(estimator.image_shape_, len(estimator.classes_))
        if not isinstance(made, Net):
            raise ConfigError(f"`model` made a {type(made).__name__}", setting="model", hint="it must return an intrain.Net")
        return made
    if not isinstance(model, (str, os.PathLike)):
        raise ConfigError(f"`model` is a {type(model).__name__}", setting="model", hint='give a name, as "resnet8", a net file, a Net or a function')
    if model == "auto":
        model = "resnet8" if estimator.feature_map_ is None else "mlp"
    return Net(model, estimator.image_shape_, len(estimator.classes_))


def mirror_of(estimator: Any) -> tuple[bool, str]:
    """Whether an image and its mirror image mean the same, and the setting ``mirror``."""
    mirror = estimator.mirror
    if isinstance(mirror, (bool, np.bool_)):
        return bool(mirror), "random"
    if isinstance(mirror, str):
        return True, mirror
    raise ConfigError(f"`mirror` is {mirror!r}", setting="mirror", hint='give True, False, "random", "alternate" or "none"')


# Settings that are parameters of the constructor, and by which name.
_OWN = {
    "epochs": "epochs", "batch": "batch_size", "lr": "learning_rate", "momentum": "momentum", "weight_decay": "weight_decay",
    "schedule": "schedule", "warmup": "warmup", "augment": "augment", "mirror": "mirror", "balance": "balance", "recipe": "recipe",
    "widths": "widths", "model": "model", "net": "model", "init_from": "model", "seed": "random_state", "threads": "n_jobs",
}


def others_of(estimator: Any) -> dict[str, object]:
    """`settings`, which may hold what the constructor has no parameter for."""
    given = dict(estimator.settings or {})
    for key in given:
        if key in _OWN:
            raise ConfigError(f"`{key}` is a parameter of the Classifier", setting=key, hint=f"give it as `{_OWN[key]}`")
        if key in ("data", "val_share", "transpose", "crop"):
            raise ConfigError(f"`{key}` is not for images in memory", setting=key, hint="leave it out; intrain.Trainer takes data of all kinds")
    return given


def trainer_of(estimator: Any, net: Net, data: Data, wins: Mapping[str, object]) -> Trainer:
    """`wins`: settings that win over those of the constructor."""
    settings: dict[str, object] = {
        "epochs": estimator.epochs, "batch": estimator.batch_size, "lr": estimator.learning_rate, "momentum": estimator.momentum,
        "weight_decay": estimator.weight_decay, "warmup": estimator.warmup, "augment": estimator.augment, "balance": estimator.balance,
        "mirror": mirror_of(estimator)[1],
    }
    if estimator.learning_rate is None and net.model == "mlp" and estimator.recipe in (None, "intrain"):
        settings["lr"] = 0.05
    if estimator.feature_map_ is not None:
        settings.update(mean=_tables.MEAN, deviation=_tables.DEVIATION, augment=estimator.augment or "none")
    given = {key: value for key, value in settings.items() if value is not None}
    given.update({"seed": seed_of(estimator.random_state), **others_of(estimator), **wins, "threads": threads_default(estimator.n_jobs)})
    if estimator.feature_map_ is not None:
        for setting, where in (("test_mirror", "in a mirror"), ("test_shift", "in another place")):
            if given.get(setting):
                raise ConfigError(f"the columns of a table mean something else {where}", setting=setting, hint=f"leave out `{setting}`")
    optimizer, schedule = given.pop("optimizer", None), given.pop("schedule", estimator.schedule)
    return Trainer(net, optimizer, data, schedule=schedule, widths=estimator.widths, recipe=estimator.recipe, **given)  # type: ignore[arg-type]
