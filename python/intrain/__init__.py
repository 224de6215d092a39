"""Deep networks trained wholly in 8-bit integers, with the same bits on every machine.

>>> import intrain, numpy as np
>>> rng = np.random.default_rng(0)
>>> X = rng.integers(0, 256, (256, 12, 12), dtype=np.uint8)
>>> data = intrain.Data(X, X.mean(axis=(1, 2)) > 127, mirror=True)              # doctest: +SKIP
>>> history = intrain.Trainer("mlp", lr=0.05, epochs=3).fit(data)               # doctest: +SKIP
"""

import logging as _logging
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from ._core import (
    Dataset,
    DataSplits,
    EpochReport,
    Evaluation,
    FitResult,
    Parameter,
    Plan,
    Settings,
    StepReport,
    StepResult,
    TensorNumbers,
    Value,
    __version__,
    data_help,
    default_threads,
    instruction_set,
    model_names,
)
from ._settings import SGD, Schedule
from .callbacks import Callback, Checkpoint, EarlyStopping, Progress
from .data import Data, ImageFolder, Stream, load_data
from .errors import BusyError, CheckpointError, ConfigError, DataError, Error, ExchangeError, NetError
from .exchange import from_onnx, from_safetensors, from_torch
from .history import History
from .net import Net, NetBuilder
from .trainer import Trainer

if _TYPE_CHECKING:
    from .sklearn import Classifier

_logging.getLogger("intrain").addHandler(_logging.NullHandler())

# Made when they are first asked for: what they stand on takes long to import.
_LATER = {"Classifier": "sklearn"}


def __getattr__(name: str) -> _Any:
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module 'intrain' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


__all__ = [
    "BusyError", "Callback", "Checkpoint", "CheckpointError", "Classifier", "ConfigError", "Data", "DataError", "DataSplits", "Dataset",
    "EarlyStopping", "EpochReport", "Error", "Evaluation", "ExchangeError", "FitResult", "History", "ImageFolder", "Net", "NetBuilder",
    "NetError", "Parameter", "Plan", "Progress", "SGD", "Schedule", "Settings", "StepReport", "StepResult", "Stream", "TensorNumbers",
    "Trainer", "Value", "__version__", "data_help", "default_threads", "from_onnx", "from_safetensors", "from_torch", "instruction_set",
    "load_data", "model_names",
]
