"""Deep networks trained wholly in 8-bit integers, with the same bits on every machine.

With scikit-learn there is `intrain.Classifier`, an estimator. Underneath, and without it:

>>> import intrain, numpy as np
>>> X = np.random.default_rng(0).integers(0, 256, (256, 12, 12), dtype=np.uint8)    # images [n, h, w] or [n, h, w, c]
>>> y = (X[:, :6].mean(axis=(1, 2)) > X[:, 6:].mean(axis=(1, 2))).astype(int)       # classes, from 0 on
>>> history = intrain.Trainer("mlp", lr=0.05, epochs=20, batch=32).fit(intrain.Data(X, y))
>>> len(history.signature)
16
"""

import logging as _logging
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from . import distributed
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
    from .classifier import Classifier as Classifier

_logging.getLogger("intrain").addHandler(_logging.NullHandler())

__all__ = [
    "BusyError", "Callback", "Checkpoint", "CheckpointError", "ConfigError", "Data", "DataError", "DataSplits", "Dataset",
    "EarlyStopping", "EpochReport", "Error", "Evaluation", "ExchangeError", "FitResult", "History", "ImageFolder", "Net", "NetBuilder",
    "NetError", "Parameter", "Plan", "Progress", "SGD", "Schedule", "Settings", "StepReport", "StepResult", "Stream", "TensorNumbers",
    "Trainer", "Value", "__version__", "data_help", "default_threads", "distributed", "from_onnx", "from_safetensors", "from_torch", "instruction_set",
    "load_data", "model_names",
]


def _scikit_learn_is_there() -> bool:
    from importlib.util import find_spec  # takes longer to import than the rest of this file

    return find_spec("sklearn") is not None


def __getattr__(name: str) -> _Any:
    """Classifier, when it is first asked for: it takes scikit-learn, which the rest of the package does without."""
    if name != "Classifier":
        raise AttributeError(f"module 'intrain' has no attribute {name!r}")
    if not _scikit_learn_is_there():
        raise Error("intrain.Classifier takes scikit-learn, which is not installed", hint='pip install "intrain[sklearn]"')
    from .classifier import Classifier

    globals()["Classifier"] = Classifier
    return Classifier


def __dir__() -> list[str]:
    return sorted({*globals(), "Classifier"} if _scikit_learn_is_there() else globals())
