"""Any array as X and y: what it gets, as a table that docs/python.md shows, and at random."""

import tempfile
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as hnp  # noqa: E402

import intrain  # noqa: E402
from intrain import Classifier  # noqa: E402

rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (24, 6, 8, 3), dtype=np.uint8)
GREY = np.ascontiguousarray(IMAGES[..., 0])
TABLE = rng.normal(size=(24, 5))
Y = np.arange(24) % 3


def fit(X, y=Y, **more):
    return Classifier("mlp", epochs=1, batch_size=8, n_jobs=1).fit(X, y, **more)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def mapped(array):
    with tempfile.NamedTemporaryFile() as file:
        array.tofile(file.name)
        return np.memmap(file.name, array.dtype, "r", shape=array.shape)


# What it is, X and y, and what it gets: "as it is", "copied with a warning", "as bytes" of a table, or an error and what that says.
TAKEN = [
    ("uint8 images [n, h, w, c]", lambda: (IMAGES, Y), "as it is"),
    ("uint8 images [n, h, w]", lambda: (GREY, Y), "as it is"),
    ("read-only", lambda: (read_only(IMAGES), Y), "as it is"),
    ("numpy.memmap", lambda: (mapped(IMAGES), Y), "as it is"),
    ("a slice X[4:20]", lambda: (IMAGES[4:20], Y[4:20]), "as it is"),
    ("not contiguous: X[::2]", lambda: (IMAGES[::2], Y[::2]), "copied with a warning"),
    ("Fortran order", lambda: (np.asfortranarray(IMAGES), Y), "copied with a warning"),
    ("a table of float64", lambda: (TABLE, Y), "as bytes"),
    ("a table of float32", lambda: (TABLE.astype(np.float32), Y), "as bytes"),
    ("a table of int64", lambda: ((TABLE * 9).astype(np.int64), Y), "as bytes"),
    ("a table of bool", lambda: (TABLE > 0, Y), "as bytes"),
    ("a table of uint8", lambda: (GREY.reshape(24, 48), Y), "as bytes"),
    ("a table, not contiguous, Fortran, read-only", lambda: (read_only(np.asfortranarray(TABLE))[:, ::2], Y), "as bytes"),
    ("lists of numbers", lambda: (TABLE.tolist(), Y.tolist()), "as bytes"),
    ("a feature that never changes", lambda: (np.column_stack([TABLE, np.ones(24)]), Y), "as bytes"),
    ("labels as text", lambda: (IMAGES, np.array(["a", "b", "c"])[Y]), "as it is"),
    ("labels as objects", lambda: (IMAGES, np.array(["a", "b", "c"], object)[Y]), "as it is"),
    ("labels as bool", lambda: (IMAGES, Y > 0), "as it is"),
    ("labels as whole floats", lambda: (IMAGES, Y * 1.0), "as it is"),
    ("labels below 0, with gaps", lambda: (IMAGES, Y * 1000 - 7), "as it is"),
    ("fewer images than batch_size", lambda: (IMAGES[:3], Y[:3]), "as it is"),
]
REFUSED = [
    ("float images 0 to 1", lambda: (IMAGES / 255, Y), intrain.DataError, "X = numpy.rint(X * 255).astype(numpy.uint8)"),
    ("float images 0 to 255", lambda: (IMAGES * 1.0, Y), intrain.DataError, "X = numpy.rint(X).astype(numpy.uint8)"),
    ("float images with NaN", lambda: (IMAGES * np.nan, Y), intrain.DataError, "numpy.nan_to_num(X)"),
    ("bool images", lambda: (IMAGES > 99, Y), intrain.DataError, "X = X.astype(numpy.uint8) * 255"),
    ("int64 images", lambda: (IMAGES.astype(int), Y), intrain.DataError, "X = X.astype(numpy.uint8)"),
    ("uint16 images above 255", lambda: (IMAGES.astype(np.uint16) * 257, Y), intrain.DataError, "X // 256"),
    ("images of 4 channels", lambda: (np.zeros((24, 6, 8, 4), np.uint8), Y), intrain.DataError, "1 to 3 channels"),
    ("images NCHW", lambda: (np.zeros((24, 3, 6, 8), np.uint8), Y), intrain.DataError, "NCHW"),
    ("five dimensions", lambda: (IMAGES[None], Y[:1]), ValueError, "dim"),
    ("one dimension", lambda: (TABLE[:, 0], Y), ValueError, "Expected 2D array"),
    ("a number", lambda: (3, Y), ValueError, "Expected 2D array"),
    ("None", lambda: (None, Y), ValueError, "Expected 2D array"),
    ("no images", lambda: (IMAGES[:0], Y[:0]), intrain.DataError, "give one at least"),
    ("an empty table", lambda: (TABLE[:0], Y[:0]), ValueError, "0 sample"),
    ("a table without features", lambda: (TABLE[:, :0], Y), ValueError, "0 feature"),
    ("a table with NaN", lambda: (np.where(TABLE > 2, np.nan, TABLE), Y), ValueError, "NaN"),
    ("a table with infinity", lambda: (np.where(TABLE > 2, np.inf, TABLE), Y), ValueError, "infinity"),
    ("a table of numbers too large to square", lambda: (TABLE * 1e200, Y), intrain.DataError, "X / abs(X).max(axis=0)"),
    ("a table of text", lambda: (np.full((24, 2), "x"), Y), ValueError, "numeric"),
    ("a table of complex numbers", lambda: (TABLE * 1j, Y), ValueError, "Complex data not supported"),
    ("a table too wide for a net", lambda: (np.tile(TABLE, (1, 20000)), Y), intrain.Error, "hint"),
    ("labels of one class", lambda: (IMAGES, Y * 0), intrain.DataError, "one class"),
    ("fewer labels than images", lambda: (IMAGES, Y[:20]), ValueError, "inconsistent numbers of samples"),
    ("labels in two dimensions", lambda: (IMAGES, np.stack([Y, Y], 1)), ValueError, "1d array"),
    ("labels with NaN", lambda: (IMAGES, np.where(Y, np.nan, 1.0)), ValueError, "NaN"),
    ("labels of a regression", lambda: (IMAGES, TABLE[:, 0]), ValueError, "continuous"),
    ("no labels", lambda: (IMAGES, None), ValueError, "y is None"),
]


@pytest.mark.parametrize("what, make, outcome", TAKEN, ids=[row[0] for row in TAKEN])
def test_what_is_taken(what, make, outcome, monkeypatch):
    X, y = make()
    seen = []
    monkeypatch.setattr(intrain.classifier, "Data", lambda images, *a, **k: seen.append(images) or intrain.Data(images, *a, **k))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        clf = fit(X, y)
    assert [str(w.message).split(" in memory")[0] for w in told] == (["the images are not contiguous"] if outcome == "copied with a warning" else [])
    assert np.may_share_memory(seen[0], X) == (outcome == "as it is")
    assert (clf.feature_map_ is not None) == (outcome == "as bytes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = clf.predict(X)
    assert said.shape == (len(y),) and set(said.tolist()) <= set(np.asarray(y).tolist())


@pytest.mark.parametrize("what, make, error, text", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_refused(what, make, error, text):
    X, y = make()
    with pytest.raises(error, match=".") as e:
        fit(X, y)
    assert text in str(e.value)


def test_what_was_not_learned_from():
    images, table = fit(IMAGES), fit(TABLE)
    for clf, X in ((images, GREY), (images, TABLE), (table, IMAGES), (images, IMAGES[0]), (images, IMAGES / 255), (table, TABLE[:, 1:]), (table, TABLE * np.nan)):
        for use in (clf.predict, clf.predict_proba, clf.decision_function, lambda X: clf.partial_fit(X, Y[: len(X)]), lambda X: clf.score(X, Y)):
            with pytest.raises(ValueError):
                use(X)
    assert len(images.predict(IMAGES[:1])) == 1
    with pytest.raises(intrain.DataError, match="no class 9"):
        images.partial_fit(IMAGES[:1], [9])
    with pytest.raises(intrain.DataError, match="leave them out"):
        images.partial_fit(IMAGES[:1], [0], classes=[0, 9])
    with pytest.raises(intrain.DataError, match="one kind|no class"):
        images.partial_fit(IMAGES[:1], ["a"])
    with pytest.raises(intrain.DataError, match="all classes"):
        Classifier("mlp").partial_fit(IMAGES, Y)
    with pytest.raises(intrain.DataError, match="one class|2 classes|classes"):
        Classifier("mlp").partial_fit(IMAGES, Y * 0, classes=[0])
    for validation in (IMAGES, (IMAGES,), (IMAGES, Y[:2]), (GREY, Y), (IMAGES, Y + 1), (TABLE, Y), (IMAGES[:0], Y[:0])):
        with pytest.raises(ValueError):
            fit(IMAGES, validation_data=validation)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_array(drawn):
    """Either it is learned from, and each image gets a label, or a ValueError says why not."""
    shape = drawn.draw(hnp.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=6))
    dtype = drawn.draw(st.one_of(st.just(np.dtype(np.uint8)), hnp.scalar_dtypes()))
    X = drawn.draw(hnp.arrays(dtype, shape, fill=hnp.from_dtype(dtype)))
    count = drawn.draw(st.sampled_from([shape[0], shape[0], shape[0], 3]))
    y = drawn.draw(hnp.arrays(st.sampled_from([np.int64, np.uint8, np.bool_, np.float64, "U2"]), count, fill=st.nothing()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            clf = fit(X, y)
        except (ValueError, TypeError):
            return
        assert clf.predict(X).shape == (len(X),)
        probabilities = clf.predict_proba(X)
    assert np.isfinite(probabilities).all() and probabilities.shape == (len(X), len(clf.classes_))


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-1e100, 1e100)))
def test_any_table_as_bytes(table):
    learned = intrain._tables.FeatureMap(table)
    images = learned.images(table)
    assert images.shape == (len(table), 1, table.shape[1], 1) and images.min() >= 1
    steps = images[:, 0, :, 0].astype(float) - 128
    inside = np.abs(steps) < 127
    with np.errstate(over="ignore"):
        exact = (table - learned.mean) * learned.scale
    assert (np.abs(steps - exact)[inside] <= 0.5).all()
    # In every order of rows one number lies no lower than a smaller one.
    for column in range(table.shape[1]):
        assert (np.diff(steps[np.argsort(table[:, column], kind="stable"), column]) >= 0).all()
