"""The scikit-learn estimator: what it learns, and what it can be put into."""

import copy
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer, StandardScaler  # noqa: E402

import intrain  # noqa: E402
from intrain import Classifier  # noqa: E402

SMALL = {"epochs": 2, "batch_size": 16, "n_jobs": 1}


@pytest.fixture(scope="module")
def digits():
    """8 x 8 images: X, X_val, y, y_val."""
    X, y = load_digits(return_X_y=True)
    X = (X * 15).astype(np.uint8).reshape(-1, 8, 8)
    return train_test_split(X, y, test_size=297, random_state=0, stratify=y)


def test_the_signature_is_the_programs(arrays, train_program, tmp_path):
    X, y, X_val, y_val = arrays
    clf = Classifier("resnet8", epochs=2, batch_size=16, learning_rate=0.05, random_state=3).fit(X, y, validation_data=(X_val, y_val))
    expected = train_program("--data", "synthetic:256", "--model", "resnet8", "--epochs", 2, "--batch", 16, "--lr", 0.05, "--seed", 3,
                             "--out", tmp_path / "run")
    assert clf.signature_ == expected == clf.history_.signature == clf.net_.signature
    # Neither evaluation, threads nor names of classes are in it.
    names = np.array([f"class {i}" for i in range(10)])
    again = Classifier("resnet8", epochs=2, batch_size=16, learning_rate=0.05, random_state=3, n_jobs=1).fit(X, names[y])
    assert again.signature_ == expected
    assert set(again.predict(X_val)) <= set(names)
    np.testing.assert_array_equal(again.predict(X_val), names[clf.predict(X_val)])


def test_nets_of_ones_own_are_the_programs(arrays, train_program, tmp_path):
    """Layer by layer, and from TOML."""
    X, y, X_val, y_val = arrays
    (tmp_path / "net.toml").write_text(small_net((12, 12, 1), 10).toml)
    expected = train_program("--data", "synthetic:256", "--model", tmp_path / "net.toml", "--epochs", 2, "--batch", 16, "--out", tmp_path / "run")
    for model in (small_net, tmp_path / "net.toml"):
        assert Classifier(model, epochs=2, batch_size=16).fit(X, y).signature_ == expected


def test_threads_that_are_not_there(arrays):
    clf = Classifier("mlp", epochs=1, batch_size=16, n_jobs=10**4)
    with pytest.warns(UserWarning, match="10000 threads were asked for"):
        clf.fit(*arrays[:2])


def test_fashion_mnist(fashion_mnist_signature):
    read = intrain.load_data("fashion-mnist")
    X, X_val = np.array(read.train.images[..., 0]), np.array(read.test.images[..., 0])
    clf = Classifier("resnet8", epochs=1).fit(X, read.train.labels, validation_data=(X_val, read.test.labels))
    assert clf.signature_ == fashion_mnist_signature
    assert clf.history_["val_accuracy"] == [clf.score(X_val, read.test.labels)]


def test_it_learns_images_and_tables(digits):
    X, X_val, y, y_val = digits
    images = Classifier("resnet8", epochs=5, batch_size=32, mirror=False, n_jobs=1).fit(X, y, validation_data=(X_val, y_val))
    table = Classifier(epochs=20, batch_size=32, n_jobs=1).fit(X.reshape(-1, 64), y, validation_data=(X_val.reshape(-1, 64), y_val))
    assert images.image_shape_ == (8, 8, 1) and images.n_features_in_ == 64 and images.feature_map_ is None
    assert table.image_shape_ == (1, 64, 1) and table.n_features_in_ == 64 and table.net_.model == "mlp"
    assert images.score(X_val, y_val) > 0.9 and table.score(X_val.reshape(-1, 64), y_val) > 0.9
    assert images.history_["val_accuracy"][-1] == images.score(X_val, y_val)
    assert list(table.history_["epoch"]) == list(range(1, 21))


def test_the_map_of_features():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(5, 2, 3000), np.full(3000, 7.1), rng.normal(0, 1e-8, 3000), np.arange(3000) == 17])
    y = X[:, 0] > 5
    clf = Classifier(epochs=5, batch_size=32, n_jobs=1).fit(X, y)
    learned = clf.feature_map_
    np.testing.assert_allclose(learned.mean, X.mean(axis=0), rtol=1e-9, atol=1e-18)
    np.testing.assert_allclose(learned.scale[[0, 2]], 32 / X[:, [0, 2]].std(axis=0), rtol=1e-9)
    assert learned.scale[1] == 1.0
    images = learned.images(X)
    assert images.shape == (3000, 1, 4, 1) and images.dtype == np.uint8
    assert (images[:, 0, 1, 0] == 128).all() and images[17, 0, 3, 0] == 255 and images.min() >= 1
    assert clf.score(X, y) > 0.95
    # As any array of the same numbers has it: what it lies in changes nothing.
    for same in (np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], X.tolist()):
        assert Classifier(epochs=1, batch_size=32, n_jobs=1).fit(same, y).signature_ == Classifier(epochs=1, batch_size=32, n_jobs=1).fit(X, y).signature_
    far = np.array([[1e300, -1e300, 1e300, -1e300]])
    assert learned.images(far).ravel().tolist() == [255, 1, 255, 1]


def test_what_it_says(digits):
    X, X_val, y, y_val = digits
    clf = Classifier("mlp", **SMALL).fit(X, y)
    probabilities, logits = clf.predict_proba(X_val), clf.decision_function(X_val)
    assert probabilities.shape == logits.shape == (297, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(clf.predict(X_val), clf.classes_[logits.argmax(axis=1)])
    two = Classifier("mlp", **SMALL).fit(X, y > 4)
    assert two.classes_.tolist() == [False, True] and two.decision_function(X_val).shape == (297,)
    np.testing.assert_array_equal(two.predict(X_val), two.decision_function(X_val) > 0)


def small_net(shape, classes):
    b = intrain.NetBuilder(*shape, classes)
    return b.linear_logits(b.linear_relu(b.linear_relu(b.input, 32), 16))


def test_nets_of_ones_own(digits, tmp_path):
    X, _, y, _ = digits
    by_function = Classifier(small_net, **SMALL).fit(X, y)
    (tmp_path / "net.toml").write_text(by_function.net_.toml)
    for same in (small_net((8, 8, 1), 10), tmp_path / "net.toml", str(tmp_path / "net.toml")):
        assert clone(Classifier(same, **SMALL)).fit(X, y).signature_ == by_function.signature_
    assert Classifier(small_net, **SMALL).fit(X.reshape(-1, 64), y).net_.shape == (1, 64, 1)
    # One that has learned: trained on, with another last layer where the classes are others.
    on = Classifier(by_function.net_, **SMALL).fit(X, y)
    assert on.history_["loss"][0] < by_function.history_["loss"][0]
    assert Classifier(by_function.net_, **SMALL).fit(X, y % 3).predict_proba(X[:5]).shape == (5, 3)


def test_settings(arrays):
    X, y = arrays[:2]

    def used(**parameters):
        clf = Classifier(**{"model": "mlp", **SMALL, "epochs": 1, **parameters}).fit(X, y)
        return clf.net_.settings

    assert used()["lr"] == 0.05 and used(learning_rate=0.2)["lr"] == 0.2
    assert used(model="resnet8")["lr"] == 0.1
    assert used(batch_size=10**4)["batch"] == 256
    assert used(mirror="alternate")["mirror"] == "alternate" and used(mirror=True)["mirror"] == used(mirror=False)["mirror"] == "random"
    assert used(mirror=np.True_)["mirror"] == "random"
    assert used(recipe="wageubn")["schedule"] == "wageubn"
    got = used(epochs=2, momentum=0.5, weight_decay=0.01, schedule=intrain.Schedule("step", 1), augment="none", balance=True, widths={"w": 4},
               settings={"label_smoothing": 0.1, "freeze": ["linear0*"]}, random_state=2**64 - 1)
    assert (got["momentum"], got["weight_decay"], got["schedule"], got["warmup"], got["augment"], got["balance"]) == (0.5, 0.01, "step", 1, "none", True)
    assert got["formats.w"] == 4 and got["label_smoothing"] == 0.1 and got["freeze"] == ["linear0*"] and got["seed"] == 2**64 - 1
    assert used(random_state=None)["seed"] != used(random_state=None)["seed"]
    assert used(random_state=np.random.RandomState(1))["seed"] == used(random_state=np.random.RandomState(1))["seed"]
    for wrong in ({"epochs": 0}, {"batch_size": "x"}, {"learning_rate": -1}, {"model": "nothing"}, {"model": 3}, {"model": lambda s, c: 1}, {"n_jobs": 0},
                  {"n_jobs": "x"}, {"settings": {"nothing": 1}}, {"widths": {"w": 99}}, {"recipe": "none"}, {"augment": "much"}, {"random_state": -1}):
        with pytest.raises(intrain.ConfigError):
            used(**wrong)


@pytest.mark.parametrize("batch_size", [0, -1, "x", None, 2.5, 10**6])
def test_batches_that_cannot_be(arrays, batch_size):
    X, y = arrays[:2]
    with pytest.raises(intrain.ConfigError, match="batch"):
        Classifier("mlp", batch_size=batch_size).partial_fit(X, y, classes=range(10))
    if batch_size is not None and batch_size != 10**6:
        with pytest.raises(intrain.ConfigError, match="batch"):
            Classifier("mlp", batch_size=batch_size).fit(X, y)


def test_threads_in_workers_of_joblib(monkeypatch):
    from intrain._sklearn import threads_default

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert threads_default(None) == 1 and threads_default(-1) == intrain.default_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "10000")  # asked of others: no warning
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert threads_default(None) == intrain.default_threads()


def test_searches_pipelines_and_workers(digits):
    X, _, y, _ = digits
    X, y = X[:300], y[:300]
    search = GridSearchCV(Classifier("mlp", **SMALL), {"learning_rate": [1e-6, 0.05]}, cv=2, n_jobs=2).fit(X, y)  # loky
    assert search.best_params_ == {"learning_rate": 0.05}
    flat = make_pipeline(FunctionTransformer(lambda X: X.reshape(len(X), -1)), StandardScaler(), Classifier(epochs=10, batch_size=16, n_jobs=1))
    assert cross_val_score(flat, X, y, cv=2).mean() > 0.7
    assert flat.fit(X, y).score(X, y) > 0.8


def test_clones_and_pickles(digits):
    X, X_val, y, y_val = digits
    clf = Classifier("mlp", **SMALL).fit(X, y, validation_data=(X_val, y_val))
    assert clone(clf).get_params() == clf.get_params() and not hasattr(clone(clf), "classes_")
    for same in (pickle.loads(pickle.dumps(clf)), copy.deepcopy(clf)):
        assert same.signature_ == clf.signature_ and same.history_ == clf.history_
        np.testing.assert_array_equal(same.decision_function(X_val), clf.decision_function(X_val))
    table = pickle.loads(pickle.dumps(Classifier(**SMALL).fit(X.reshape(-1, 64) / 7, y)))
    assert table.predict(X_val.reshape(-1, 64) / 7).shape == (297,)


def test_what_has_no_mirror_image(arrays):
    X, y = arrays[:2]
    for mirror in (None, 0, 1, ["random"]):
        with pytest.raises(intrain.ConfigError, match="`mirror` is") as e:
            Classifier("mlp", mirror=mirror, **SMALL).fit(X, y)
        assert '"alternate"' in e.value.hint
    both = {"settings": {"test_mirror": True}, **SMALL}
    for estimator in (Classifier("mlp", mirror=False, **both), Classifier("mlp", mirror=np.False_, **both)):
        for learn in (estimator.fit, lambda X, y, e=estimator: e.partial_fit(X, y, classes=range(10))):
            with pytest.raises(intrain.ConfigError, match="mean something else in a mirror"):
                learn(X, y)
    with pytest.raises(intrain.ConfigError, match="columns of a table"):
        Classifier(**both).fit(X.reshape(len(X), -1), y)
    with pytest.raises(intrain.ConfigError, match="something else in another place"):
        Classifier(settings={"test_shift": 1}, **SMALL).fit(X.reshape(len(X), -1), y)


def test_settings_are_those_without_a_parameter(digits):
    X, _, y, _ = digits
    plain = Classifier("mlp", settings={"optimizer": "plain"}, **SMALL).fit(X, y)
    assert plain.net_.settings["optimizer"] == "plain"
    for key, value, message in (("batch", 64, "`batch_size`"), ("seed", 1, "`random_state`"), ("net", "mlp", "`model`"), ("widths", {"w": 4}, "`widths`"),
                                ("recipe", "wageubn", "`recipe`"), ("data", "mnist", "leave it out"), ("val_share", 0.2, "leave it out")):
        with pytest.raises(intrain.ConfigError) as e:
            Classifier("mlp", settings={key: value}, **SMALL).fit(X, y)
        assert e.value.setting == key and message in e.value.hint


def test_online(digits):
    X, X_val, y, y_val = digits
    clf = Classifier("resnet8", batch_size=32, n_jobs=1)
    for at in range(0, 1500, 100):
        clf.partial_fit(X[at : at + 100], y[at : at + 100], classes=range(10))
    assert clf.score(X_val, y_val) > 0.6 and clf.loss_ > 0 and clf.net_.step == 15 * 4
    same = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(same.predict_proba(X_val), clf.predict_proba(X_val))
    for at in range(0, 300, 100):
        for each in (clf, same):
            each.partial_fit(X[at : at + 100], y[at : at + 100])
    assert same.signature_ == clf.signature_ and same.loss_ == clf.loss_
    assert clf.partial_fit(X[:1], y[:1]).predict(X_val[:1]).shape == (1,)
    assert clf.fit(X[:64], y[:64]).net_.settings["data"] == "arrays"


def test_online_after_fit(digits):
    X, X_val, y, y_val = digits
    table, table_val = X.reshape(-1, 64), X_val.reshape(-1, 64)
    for fit_on, more, val in ((X[:700], X[700:], X_val), (table[:700], table[700:], table_val)):
        clf = Classifier("mlp", epochs=5, batch_size=32, learning_rate=0.02, augment="none", n_jobs=1).fit(fit_on, y[:700])
        before, images = clf.score(val, y_val), clf.predict_proba(val[:5])
        mapped = clf.feature_map_
        clf.partial_fit(more[:1], y[700:701])
        assert np.abs(clf.predict_proba(val[:5]) - images).max() < 0.5  # scaled as before
        for _ in range(4):
            clf.partial_fit(more, y[700:])
        assert clf.score(val, y_val) > before and clf.feature_map_ is mapped


def test_online_after_a_fit_that_augments(arrays):
    X, y = arrays[:2]
    augments = {"border": "reflect", "shift": 1.0, "cutout": 3, "color_jitter": [0.5], "mixup": 1.0}  # 1.0 is 1
    clf = Classifier("mlp", mirror="alternate", settings=augments, **SMALL).fit(X, y)
    plain = Classifier(clf.net_, **SMALL).partial_fit(X[:16], y[:16], classes=range(10))
    assert clf.partial_fit(X[:16], y[:16]).signature_ == plain.signature_  # each image as it is


def test_online_after_a_fit_of_another_kind_of_steps(arrays):
    X, y = arrays[:2]
    for settings in ({"accumulate": 2}, {"restarts": 1}):
        clf = Classifier("mlp", settings=settings, **SMALL).fit(X, y)
        plain = Classifier(clf.net_, **SMALL).partial_fit(X[:16], y[:16], classes=range(10))
        assert clf.partial_fit(X[:16], y[:16]).signature_ == plain.signature_, settings


def test_statistics_stay_those_of_the_net_that_it_begins_with(arrays):
    X, y = arrays[:2]
    first = Classifier("resnet8", **SMALL).fit(X, y)
    frozen, learned = (Classifier(first.net_, settings={"freeze_statistics": stay}, **SMALL).fit(X, y) for stay in (True, False))
    assert frozen.signature_ != learned.signature_ and frozen.net_.settings["freeze_statistics"]
    with pytest.raises(intrain.ConfigError, match="no running statistics yet"):
        Classifier("resnet8", settings={"freeze_statistics": True}, **SMALL).fit(X, y)


def test_a_stream_that_begins_anew(digits, monkeypatch):
    from intrain import _online

    monkeypatch.setattr(_online, "STEPS", 8)
    X, _, y, _ = digits
    clf = Classifier("mlp", batch_size=16, n_jobs=1)
    losses = [clf.partial_fit(X[at : at + 16], y[at : at + 16], classes=range(10)).loss_ for at in range(0, 640, 16)]
    assert np.mean(losses[-10:]) < np.mean(losses[:10])


def test_callbacks_and_early_ends(digits, tmp_path):
    X, X_val, y, y_val = digits
    told = []
    clf = Classifier("mlp", epochs=50, batch_size=16, n_jobs=1)
    clf.fit(X, y, validation_data=(X_val, y_val), callbacks=[lambda trainer, epoch: told.append(epoch.epoch), intrain.EarlyStopping(1),
                                                             intrain.Checkpoint(tmp_path / "best.ckpt", best_only=True)])
    assert told == clf.history_["epoch"] and len(told) < 50 and clf.history_.stopped
    assert intrain.Net.load(tmp_path / "best.ckpt").class_names == [str(i) for i in range(10)]

    def interrupt(trainer, epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    clf = Classifier("mlp", epochs=50, batch_size=16, n_jobs=1)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y, callbacks=interrupt)
    assert clf.history_["epoch"] == [1, 2] and clf.net_.step == 2 * (1500 // 16) and clf.predict(X[:3]).shape == (3,)


def test_notebooks(digits, monkeypatch):
    X, _, y, _ = digits
    clf = Classifier("mlp", **SMALL)
    assert "<svg" not in clf._repr_mimebundle_()["text/html"]
    clf.fit(X, y)
    bundle = clf._repr_mimebundle_()
    assert bundle["text/plain"] == repr(clf) == "Classifier(batch_size=16, epochs=2, model='mlp', n_jobs=1)"
    assert "sk-top-container" in bundle["text/html"] and bundle["text/html"].count("<svg xmlns") == 1


def test_without_scikit_learn():
    text = """
import sys
sys.modules["sklearn"] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "sklearn" else find(name, *a)
import intrain
assert "Classifier" not in dir(intrain)
try:
    intrain.Classifier
except intrain.Error as e:
    print(e.hint)
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.stdout == 'pip install "intrain[sklearn]"\n', done.stderr
    assert "Classifier" in dir(intrain) and not hasattr(intrain, "Classifer")


def forked(queue, clf, X):
    queue.put(clf.predict_proba(X))


def test_forks(digits):
    import multiprocessing

    X, _, y, _ = digits
    clf = Classifier("mlp", epochs=1, batch_size=64, n_jobs=2).fit(X, y)
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    process = fork.Process(target=forked, args=(queue, clf, X[:50]))
    process.start()
    np.testing.assert_array_equal(queue.get(timeout=60), clf.predict_proba(X[:50]))
    process.join(60)
    assert process.exitcode == 0


def test_loaders_of_torch(digits):
    """Whose workers are forked after threads of ours have begun."""
    torch = pytest.importorskip("torch")
    X, X_val, y, y_val = digits
    clf = Classifier("mlp", batch_size=50, n_jobs=2).partial_fit(X[:100], y[:100], classes=range(10))
    same = copy.deepcopy(clf)
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    for images, labels in torch.utils.data.DataLoader(dataset, batch_size=50, num_workers=2):
        clf.partial_fit(images, labels)
    for at in range(0, len(X), 50):
        same.partial_fit(X[at : at + 50], y[at : at + 50])
    assert same.signature_ == clf.signature_ and clf.score(torch.from_numpy(X_val), y_val) > 0.5
