"""What people have as arrays, and what each gets: taken without a copy, or refused with the line to write."""

import os
import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import intrain

Y = np.array([0, 1, 2, 0, 1, 2])


def images(shape=(6, 8, 8, 1), dtype=np.uint8):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def address(array):
    return array.__array_interface__["data"][0]


class Exporter:
    """An array that only offers one protocol."""

    def __init__(self, array, protocol):
        if protocol == "dlpack":
            self.__dlpack__ = array.__dlpack__
            self.__class__ = type("Dlpack", (Exporter,), {"__dlpack__": lambda s, **k: array.__dlpack__(**k),
                                                          "__dlpack_device__": lambda s: array.__dlpack_device__()})
        elif protocol == "interface":
            self.__array_interface__ = array.__array_interface__
            self.kept = array


@pytest.mark.parametrize("shape", [(6, 8, 8), (6, 8, 8, 1), (6, 8, 8, 3), (6, 5, 9, 2)])
@pytest.mark.parametrize("kind", ["numpy", "read-only", "memoryview", "dlpack", "interface", "subclass", "slice"])
def test_what_is_taken_without_a_copy(shape, kind):
    X = images(shape)
    given = X
    if kind == "read-only":
        X.flags.writeable = False
    elif kind == "memoryview":
        given = memoryview(X)
    elif kind in ("dlpack", "interface"):
        given = Exporter(X, kind)
    elif kind == "subclass":
        given = X.view(type("Mine", (np.ndarray,), {}))
    elif kind == "slice":
        X = np.concatenate([X, X])[3:9]
        given = X
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = intrain.Data(given, Y)
    assert address(data.train.images) == address(X)
    assert data.train.images.shape == (*shape, 1)[:4]
    assert not data.train.images.flags.writeable
    np.testing.assert_array_equal(data.train.images.reshape(X.shape), X)


def test_the_array_is_kept_alive():
    import gc
    import weakref

    X = images()
    alive = weakref.ref(X)
    data = intrain.Data(X, Y)
    view = data.train.images
    del X, data
    gc.collect()
    assert alive() is not None and view[5, 7, 7, 0] == (6 * 64 - 1) % 256
    del view
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("make", [
    lambda: images((6, 8, 16, 1))[:, :, ::2],
    lambda: np.asfortranarray(images((6, 8, 8, 3))),
    lambda: images((6, 8, 8))[::-1],
    lambda: np.broadcast_to(images((1, 8, 8)), (6, 8, 8)),
])
def test_what_is_not_contiguous_is_copied_with_one_warning(make):
    X = make()
    with pytest.warns(UserWarning, match="not contiguous") as told:
        data = intrain.Data(X, Y)
    assert len(told) == 1 and told[0].filename == __file__
    np.testing.assert_array_equal(data.train.images.reshape(X.shape), X)


def test_channels_first():
    X = images((6, 3, 8, 8))
    with pytest.warns(UserWarning, match="not contiguous"):
        data = intrain.Data(X, Y, layout="NCHW")
    np.testing.assert_array_equal(data.train.images, X.transpose(0, 2, 3, 1))
    grey = images((6, 1, 8, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = intrain.Data(grey, Y, layout="NCHW")
    assert address(data.train.images) == address(grey)


@pytest.mark.parametrize("X, hint", [
    (images(dtype=np.float32) / 512, "X = numpy.rint(X * 255).astype(numpy.uint8)"),
    (images(dtype=np.float64) / 2, "X = numpy.rint(X).astype(numpy.uint8)"),
    (images(dtype=np.float16) - 5, "scale them"),
    (np.full((6, 8, 8), np.nan), "numpy.nan_to_num(X)"),
    (images() > 100, "X = X.astype(numpy.uint8) * 255"),
    (images(dtype=np.int64) % 200, "X = X.astype(numpy.uint8)"),
    (images(dtype=np.uint16) * 100, "X // 256"),
    (images(dtype=np.int8), "0 to 255"),
    (images().astype(object), "uint8"),
    (images().astype(str), "uint8"),
    ([[[1, 2], [3, 4]]] * 6, "X = X.astype(numpy.uint8)"),
    (images((6, 64)), "X.reshape(len(X), h, w)"),
    (images((6,)), "[n, h, w]"),
    (images((6, 2, 8, 8, 1)), "[n, h, w]"),
    (images((6, 3, 8, 8)), 'layout="NCHW"'),
    (images((6, 8, 8, 4)), "1 to 3 channels"),
    (images((0, 8, 8, 1)), "one at least"),
    (images((6, 0, 8, 1)), "one at least"),
    (images((6, 8, 8, 0)), "one at least"),
])
def test_what_is_refused_and_the_line_to_write(X, hint):
    with pytest.raises(intrain.DataError) as e:
        intrain.Data(X, Y)
    assert hint in e.value.hint
    assert e.value.hint in str(e.value)


@pytest.mark.parametrize("y, problem", [
    (Y[:5], "5 labels"),
    (Y.reshape(2, 3), "2 dimensions"),
    (Y - 1, "-1"),
    (Y.astype(float), "float64"),
    (Y == 1, "bool"),
    (Y.astype(str), "<U"),
    (Y * 0, "one class"),
    (Y + 65536, "65536 classes"),
    (np.where(Y == 1, np.nan, 0.0), "NaN"),
    (None, "dimensions"),
])
def test_labels_that_are_refused(y, problem):
    with pytest.raises(intrain.DataError, match=problem):
        intrain.Data(images(), y)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.int64, np.uint64])
def test_labels_of_every_whole_type(dtype):
    data = intrain.Data(images(), Y.astype(dtype))
    assert data.classes == 3 and data.train.labels.tolist() == Y.tolist()
    assert intrain.Data(images(), Y.tolist()).classes == 3


def test_splits_must_fit():
    X = images()
    with pytest.raises(intrain.DataError, match="go together"):
        intrain.Data(X, Y, X)
    with pytest.raises(intrain.DataError, match="validation images of"):
        intrain.Data(X, Y, images((6, 9, 8, 1)), Y)
    with pytest.raises(intrain.DataError, match="class names"):
        intrain.Data(X, Y, class_names=["a", "b"], classes=3)
    with pytest.raises(intrain.DataError, match="2 classes"):
        intrain.Data(X, Y, classes=2)
    with pytest.raises(intrain.DataError, match="2 classes"):
        intrain.Data(X, Y % 2, X, Y, classes=2)
    assert intrain.Data(X, Y, class_names=["a", "b", "c"]).class_names == ["a", "b", "c"]
    assert not intrain.Data(X, Y).has_validation


@settings(max_examples=200, deadline=None)
@given(X=hnp.arrays(st.sampled_from([np.uint8, np.uint8, np.int8, np.uint16, np.int64, np.float32, np.float64, np.bool_, np.complex64, "U2"]),
                    hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)),
       order=st.permutations(range(5)), step=st.sampled_from([1, 2, -1]))
def test_any_array_is_taken_as_it_is_or_refused(X, order, step):
    X = X.transpose([axis for axis in order if axis < X.ndim])
    X = X[::step] if X.ndim else X
    y = np.arange(len(X) if X.ndim else 0) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = intrain.Data(X, y, classes=2)
        except intrain.DataError as e:
            assert e.hint
            assert X.dtype != np.uint8 or X.ndim not in (3, 4) or X.size == 0 or (X.ndim == 4 and X.shape[3] > 3)
        else:
            assert X.dtype == np.uint8
            np.testing.assert_array_equal(data.train.images.reshape(X.shape), X)
            assert not X.flags.c_contiguous or address(data.train.images) == address(X)


def test_the_extension_itself_converts_nothing():
    from intrain import _core

    labels = Y.astype(np.uint16)
    for wrong in (images(dtype=np.float32), images()[:, ::2], images((6, 8, 8)), "text", None):
        with pytest.raises(TypeError):
            _core.Dataset(wrong, labels, 3)
    with pytest.raises(TypeError):
        _core.Dataset(images(), Y, 3)
    with pytest.raises(intrain.DataError):
        _core.Dataset(images(), labels[:3], 3)


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    X = torch.arange(6 * 64, dtype=torch.uint8).reshape(6, 8, 8)
    data = intrain.Data(X, torch.tensor(Y))
    assert address(data.train.images) == X.data_ptr()
    with pytest.raises(intrain.DataError, match="float32"):
        intrain.Data(X.float(), Y)


def test_specs_and_folders(tmp_path, synthetic):
    assert len(synthetic.train) == 256 and synthetic.shape == (12, 12, 1) and synthetic.classes == 10
    assert "fashion-mnist" in intrain.data_help()
    with pytest.raises(intrain.DataError, match="unknown data"):
        intrain.load_data("nothing")
    with pytest.raises(intrain.DataError):
        intrain.ImageFolder(tmp_path)
    with pytest.raises(intrain.ConfigError):
        intrain.load_data("synthetic", nothing=1)


def test_photos(tmp_path):
    """Of a folder, written as BMP: 24 bits, rows from below, each padded to 4 bytes."""
    rng = np.random.default_rng(0)
    for split, n in (("train", 8), ("val", 4)):
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            for i in range(n):
                pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8).tobytes()
                head = b"BM" + (54 + len(pixels)).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
                info = b"".join(v.to_bytes(4, "little") for v in (40, 16, 16)) + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24)
                (tmp_path / split / name / f"{i}.bmp").write_bytes(head + info + pixels)
    told = []
    data = intrain.ImageFolder(tmp_path, 16, progress=lambda done, total: told.append((done, total)))
    assert data.class_names == ["cat", "dog"] and len(data.train) == 16 and len(data.test) == 8 and data.shape == (16, 16, 3)
    assert len(data.train.files) == 16 and data.train.images.shape[0] == 0
    # What is found in them is kept where it can be.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTRAIN_CACHE", os.devnull + "/none")
        time.sleep(2.5)  # of files that were changed within two seconds nothing is kept
        with pytest.warns(RuntimeWarning, match="the next start reads these photos again: .*none"):
            intrain.ImageFolder(tmp_path, 16)
    spec = f"folder:{tmp_path}:16"
    fit = {"epochs": 1, "batch": 8}
    signature = intrain.Trainer("resnet8", data=data, **fit).fit().signature
    assert signature == intrain.Trainer("resnet8", data=spec, **fit).fit().signature
