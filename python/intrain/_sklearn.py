"""What scikit-learn's conventions make of labels, seeds and threads. Imports scikit-learn."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ._settings import threads_of
from .errors import ConfigError, DataError

try:
    from sklearn.utils.validation import validate_data
except ImportError:  # before scikit-learn 1.6

    def validate_data(estimator: Any, X: Any, **options: Any) -> Any:
        return estimator._validate_data(X, **options)


__all__ = ["dimensions", "label_array", "numbers_of", "seed_of", "threads_default", "validate_data"]


def dimensions(X: Any) -> int:
    """Of an array, or of nested lists; 0 of what is neither."""
    if hasattr(X, "ndim"):
        return int(X.ndim)
    if hasattr(X, "__array_interface__") or hasattr(X, "__dlpack__") or hasattr(X, "__array__"):
        return int(np.asarray(X).ndim)
    count = 0
    while isinstance(X, (list, tuple)):
        count += 1
        X = X[0] if X else None
    return count


def label_array(y: Any, X: Any) -> NDArray[Any]:
    """Labels of any kind, [n], as many as X; finite, and no numbers of a regression."""
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    y = column_or_1d(check_array(y, ensure_2d=False, dtype=None, ensure_min_samples=0, input_name="y"), warn=True)
    check_consistent_length(X, y)
    check_classification_targets(y)
    return np.asarray(y)


def numbers_of(y: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.uint16]:
    """The place of each label in the sorted `classes`."""
    if len(classes) > 65536:
        raise DataError(f"{len(classes)} classes", hint="at most 65536 are taken")
    try:
        numbers = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
        new = np.asarray(classes[numbers] != y)
    except TypeError as e:
        raise DataError(f"labels of {y.dtype} beside classes of {classes.dtype}", hint="give labels of one kind") from e
    if np.any(new):
        raise DataError(
            f"there is no class {y[new].tolist()[0]!r}", hint="all classes must be in y of fit, or in `classes` of the first partial_fit"
        )
    return numbers.astype(np.uint16)


def seed_of(random_state: Any) -> int:
    """An int as it is; of None and a RandomState or Generator the next number that it draws."""
    if isinstance(random_state, (int, np.integer)):
        return int(random_state)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    return int(check_random_state(random_state).randint(2**31 - 1))


def threads_default(n_jobs: int | None) -> int:
    """As `threads_of`; None also obeys ``OMP_NUM_THREADS``, by which joblib shares the cores among its workers."""
    said = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if n_jobs is None and said.isdecimal() and int(said) > 0:
        return min(int(said), threads_of(None))
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, (int, np.integer))):
        raise ConfigError(f"n_jobs is {n_jobs!r}", setting="n_jobs", hint="give a whole number, -1 for all cores, or None")
    return threads_of(n_jobs)
