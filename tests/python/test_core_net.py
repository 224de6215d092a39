"""Nets, their numbers and what they say."""

import gc
import pickle

import numpy as np
import pytest

import intrain


@pytest.fixture(scope="module")
def trained(data):
    trainer = intrain.Trainer("resnet8", data=data, epochs=1, batch=16)
    trainer.fit()
    return trainer


def test_what_describes_a_net():
    net = intrain.Net("resnet8", (32, 32, 3), 10)
    assert net.shape == (32, 32, 3) and net.classes == 10 and not net.has_numbers and net.step == 0
    assert net.layers[0] == "conv0" and net.parameter_count > 70000
    assert "resnet8" in repr(net) and net.toml == ""
    for needs_numbers in (lambda: net.parameters, lambda: net.signature, lambda: net.state(), lambda: net.predict(np.zeros((1, 32, 32, 3), np.uint8))):
        with pytest.raises(intrain.NetError, match="no numbers"):
            needs_numbers()
    again = pickle.loads(pickle.dumps(net))
    assert again.layers == net.layers and again.shape == net.shape


def test_parameters_are_views(trained):
    weight = trained.parameters["conv0.weight"]
    assert weight.exponent == -24 and weight.shape == weight.master.shape == (16, 3, 3, 1) and weight.master.dtype == np.int32
    assert weight.momentum.dtype == np.int16 and weight.momentum.shape == weight.shape
    with pytest.raises(ValueError):
        weight.master[0] = 1
    assert weight.master.__array_interface__["data"][0] == trained.parameters["conv0.weight"].master.__array_interface__["data"][0]
    assert trained.net.parameters["conv0.weight"].momentum is None


def test_parameters_follow_the_training_and_outlive_it(data):
    trainer = intrain.Trainer("mlp", data=data, epochs=1, batch=16)
    master = trainer.parameters["linear0.weight"].master
    before = master.copy()
    kept = trainer.net.parameters["linear0.weight"].master
    trainer.fit()
    assert (master != before).any()
    np.testing.assert_array_equal(kept, before)
    after = master.copy()
    del trainer
    gc.collect()
    np.testing.assert_array_equal(master, after)


def test_predictions(trained, arrays):
    X, _, X_val, y_val = arrays
    net = trained.net
    integers = net.predict(X_val, "integers")
    assert integers.dtype == np.int32 and integers.shape == (64, 10)
    for batch in (1, 7, 64, 1000):
        np.testing.assert_array_equal(net.predict(X_val, "integers", batch=batch, n_jobs=1), integers)
    np.testing.assert_array_equal(trained.predict(X_val, "integers"), integers)
    np.testing.assert_array_equal(net.predict(X_val[..., 0], "integers"), integers)
    evaluation = trained.evaluate(X_val, y_val)
    np.testing.assert_array_equal(net.predict(X_val), evaluation.predicted)
    shares = net.predict(X_val, "probabilities")
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares.max(axis=1), evaluation.probabilities, rtol=1e-12)
    np.testing.assert_allclose(-np.log(shares[np.arange(64), y_val]), evaluation.losses, rtol=1e-9)
    assert evaluation.confusion.sum() == evaluation.count == 64 and np.trace(evaluation.confusion) == evaluation.hits
    assert evaluation.accuracy == evaluation.hits / 64 and evaluation.loss == pytest.approx(evaluation.losses.mean())
    assert net.evaluate(X_val, y_val, batch=5).losses.tolist() == evaluation.losses.tolist()
    with pytest.raises(intrain.NetError, match="no output"):
        net.predict(X_val, "nothing")
    with pytest.raises(intrain.DataError, match="12x12x1"):
        net.predict(np.zeros((2, 11, 12, 1), np.uint8))
    with pytest.raises(intrain.ConfigError):
        net.predict(X_val, batch=0)


def test_state_and_pickle(trained, tmp_path, data):
    net = trained.net
    again = pickle.loads(pickle.dumps(net))
    assert again.signature == net.signature == trained.signature and again.step == 16
    assert pickle.loads(pickle.dumps(trained.state())) == trained.state()
    net.save(tmp_path / "net.ckpt")
    loaded = intrain.Net.load(tmp_path / "net.ckpt")
    assert loaded.state() == net.state() and loaded.settings["batch"] == 16
    with pytest.raises(TypeError, match="state"):
        pickle.dumps(trained)
    with pytest.raises(intrain.CheckpointError) as e:
        intrain.Net.load(tmp_path / "nothing.ckpt")
    assert e.value.where.endswith("nothing.ckpt") and e.value.hint
    damaged = bytearray(net.state())
    damaged[-100] ^= 1
    with pytest.raises(intrain.CheckpointError, match="fingerprint"):
        intrain.Net.from_state(bytes(damaged))
    with pytest.raises(intrain.CheckpointError):
        intrain.Trainer.resume(tmp_path)


def test_inspect(trained):
    signature = trained.signature
    numbers = trained.inspect()
    for kinds in numbers.values():
        for kind, n in kinds.items():
            assert n.kind == kind and n.counts.sum() == n.count and len(n.edges) == len(n.counts) + 1 and (np.diff(n.edges) > 0).all()
    weight = numbers["conv0"]["W"]
    assert weight.count == 16 * 9 and 0 <= weight.saturated <= weight.count and weight.largest <= 127
    assert numbers["conv0"]["A"].edges[0] == 0
    assert trained.signature == signature


def test_a_builder_tells_at_once_what_cannot_be():
    b = intrain.NetBuilder(8, 8, 1, 10)
    x = b.conv_bn_relu(b.input, 8, size=3, pad=1)
    assert x.shape == (8, 8, 8)
    with pytest.raises(intrain.NetError, match="groups"):
        b.conv_bn_relu(x, 8, size=3, groups=3)
    with pytest.raises(intrain.NetError):
        b.conv_bn_add_relu(x, 16, size=3, pad=1, shortcut=x)
    with pytest.raises(intrain.NetError, match="another builder"):
        intrain.NetBuilder(8, 8, 1, 10).conv_bn_relu(x, 8, size=3)
    with pytest.raises(intrain.NetError, match="last"):
        b.linear_logits(b.input)
    with pytest.raises(TypeError):
        b.conv_bn_relu(x, 8.5, size=3)
    net = b.linear_logits(b.linear_relu(x, 12))
    assert net.model == "net.toml"
    with pytest.raises(intrain.NetError, match="finished"):
        b.max_pool(x, 2)
    with pytest.raises(intrain.NetError, match="docs/nets.md"):
        intrain.Net.from_toml("[[layer]]\ntype = 'none'\n", (8, 8, 1), 10)
    with pytest.raises(intrain.NetError, match="unknown model"):
        intrain.Net("nothing", (8, 8, 1), 10)


def test_images_count_with_their_mirror_images(data, arrays):
    X, y = arrays[2:]
    trainer = intrain.Trainer("mlp", data=data, epochs=1, batch=16, test_mirror=True)
    accuracy = trainer.fit().history["val_accuracy"][-1]
    net = trainer.net
    alone = [net.predict(images, "integers", test_mirror=False) for images in (X, np.ascontiguousarray(X[:, :, ::-1]))]
    both = net.predict(X, "integers")
    np.testing.assert_array_equal(both, alone[0] + alone[1])
    np.testing.assert_array_equal(both, trainer.predict(X, "integers"))
    unit = [net.predict(X, "logits", test_mirror=m).max() / net.predict(X, "integers", test_mirror=m).max() for m in (True, False)]
    assert unit[0] * 2 == unit[1]  # the mean of both
    assert net.evaluate(X, y).accuracy == trainer.evaluate(X, y).accuracy == accuracy
    assert net.evaluate(X, y, test_mirror=False).loss != net.evaluate(X, y).loss


def test_images_count_with_moved_ones(data, arrays):
    X, y = arrays[2:]
    trainer = intrain.Trainer("mlp", data=data, epochs=1, batch=16, test_shift=2)
    trainer.fit()
    net = trainer.net
    wide = np.pad(X, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    alone = [net.predict(np.ascontiguousarray(x), "integers", test_shift=0) for x in (X, wide[:, 4:, 4:], wide[:, :-4, :-4])]
    np.testing.assert_array_equal(net.predict(X, "integers"), 2 * alone[0] + alone[1] + alone[2])
    np.testing.assert_array_equal(net.predict(X, "integers"), trainer.predict(X, "integers"))
    assert net.evaluate(X, y, test_shift=0).loss != net.evaluate(X, y).loss == trainer.evaluate(X, y).loss
    for shift in (-1, X.shape[1]):
        with pytest.raises(intrain.ConfigError, match=f"{shift} pixels"):
            net.predict(X, test_shift=shift)
