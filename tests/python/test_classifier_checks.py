"""What scikit-learn asks of every estimator. None of it is expected to fail."""

import pytest

pytest.importorskip("sklearn", minversion="1.6")
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

import intrain  # noqa: E402

# Many passes: the checks' data are 20 to 300 samples.
SMALL = {"epochs": 20, "batch_size": 16, "n_jobs": 1}


@parametrize_with_checks([intrain.Classifier(**SMALL), intrain.Classifier("mlp", balance=True, augment="none", **SMALL)])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)
