"""What is wrong with settings: an error of its own class, with the place and what to type."""

import pickle

import numpy as np
import pytest

import intrain


@pytest.mark.parametrize("settings, setting, message", [
    ({"batchs": 3}, "batchs", "did you mean batch"),
    ({"batch": "3"}, "batch", "whole number"),
    ({"batch": 3.0}, "batch", "whole number"),
    ({"batch": True}, "batch", "whole number"),
    ({"batch": 0}, "batch", "1 to 65536"),
    ({"batch": 2**70}, "batch", "1 to 65536"),
    ({"seed": -1}, "seed", "0 to 2"),
    ({"lr": "0.1"}, "lr", "number"),
    ({"lr": float("nan")}, "lr", "1e-9 to 100"),
    ({"lr": None}, "lr", "number"),
    ({"augment": "much"}, "augment", "standard"),
    ({"augment": 1}, "augment", "text"),
    ({"balance": 1}, "balance", "True or False"),
    ({"mean": [0.5, "x"]}, "mean", "number"),
    ({"freeze": [1]}, "freeze", "text"),
    ({"threads": 0}, "threads", "1 or more"),
    ({"widths": {"w": 99}}, "formats.w", "2 to 8"),
    ({"widths": {"w": "wide"}}, "formats.w", "2 to 8"),
    ({"widths": {"nothing": 8}}, "formats.nothing", "no setting"),
    ({"recipe": "none"}, "recipe", "wageubn"),
    ({"schedule": "up"}, "schedule", "cosine"),
    ({"model": "mlp"}, "model", "`net`"),
])
def test_settings(settings, setting, message):
    with pytest.raises(intrain.ConfigError) as e:
        intrain.Trainer("mlp", **settings)
    assert e.value.setting == setting
    assert message in str(e.value)


@pytest.mark.parametrize("settings, setting, message", [
    ({"optimizer": "plain", "momentum": 0.5}, "momentum", "0.5 for an optimizer without one"),
    ({"border": "reflect", "shift": 0}, "border", "no image is moved beyond its border"),
    ({"decay": "weights", "weight_decay": 0}, "decay", "no weight decay"),
    ({"val_share": 0.2}, "val_share", "read with another"),
    ({"transpose": True}, "transpose", "read with another"),
    ({"crop": 0.5}, "crop", "read with another"),
])
def test_settings_that_would_do_nothing(settings, setting, message):
    data = intrain.Data(np.zeros((4, 8, 8), np.uint8), np.arange(4))
    with pytest.raises(intrain.ConfigError, match=message) as e:
        intrain.Trainer("mlp", data=data, batch=2, **settings)
    assert e.value.setting == setting
    intrain.Trainer("mlp", data=data, batch=2, optimizer="plain", border="reflect", val_share=0)


def test_data_keep_what_they_were_read_with():
    data = intrain.load_data("synthetic:64", val_share=0.25)
    assert intrain.Trainer("mlp", data=data, batch=8, val_share=0.25).settings["val_share"] == 0.25
    with pytest.raises(intrain.ConfigError, match="read with another") as e:
        intrain.Trainer("mlp", data=data, batch=8, val_share=0.5)
    assert e.value.setting == "val_share" and "load_data" in e.value.hint
    with pytest.raises(intrain.ConfigError, match="no classes to balance"):
        intrain.Trainer("mlp", data=intrain.Stream((8, 8, 1), 4, 10, [0.5], [0.25]), balance=True)


def test_what_settings_take():
    settings = intrain.Trainer("mlp", batch=np.int64(8), lr=np.float32(0.5), momentum=0, balance=np.bool_(True), seed=2**64 - 1,
                               freeze="conv*", mean=(0.5,), deviation=np.array([0.25]), crop=0.5).settings
    assert settings["batch"] == 8 and settings["lr"] == 0.5 and settings["momentum"] == 0.0 and settings["balance"] is True
    assert settings["seed"] == 2**64 - 1 and settings["freeze"] == ["conv*"] and settings["mean"] == [0.5] and settings["deviation"] == [0.25]
    assert settings["crop"] == "0.5" and settings["formats.w"] == 8


def test_settings_as_an_object(tmp_path):
    settings = intrain.Settings()
    assert {"lr", "batch", "seed"} <= set(settings.keys()) and "formats.w" in settings.width_keys() and settings.widths()["w"] == 8
    free = set(settings.keys(on_resume=True)) - {"data"}
    assert {"threads", "keep", "epochs"} <= free < set(settings.keys())
    assert all(f"``{key}``" in intrain.Trainer.resume.__doc__ for key in free)
    assert all(f"``{key}``" in intrain.Trainer.__doc__ for key in free - {"epochs", "patience"})
    same = settings.copy()
    assert same == settings
    same["lr"] = 0.2
    assert same != settings and settings["lr"] == 0.1 and settings != 1
    for key in (*settings.keys(), *settings.width_keys()):
        assert settings.help(key)
        same[key] = settings[key]
    assert same == settings
    (tmp_path / "config.json").write_text('{"lr": 0.3, "formats": {"w": 4}}')
    settings.read(str(tmp_path / "config.json"))
    assert settings["lr"] == 0.3 and settings["formats.w"] == 4
    assert "--lr 0.3" in settings.command()


def test_errors_are_values_and_can_be_sent():
    with pytest.raises(ValueError) as e:
        intrain.Trainer("mlp", batch=0)
    again = pickle.loads(pickle.dumps(e.value))
    assert type(again) is intrain.ConfigError and str(again) == str(e.value) and again.hint == e.value.hint
    for kind in (intrain.ConfigError, intrain.NetError, intrain.DataError, intrain.CheckpointError, intrain.ExchangeError, intrain.BusyError):
        assert issubclass(kind, intrain.Error) and issubclass(kind, ValueError)


def test_data_that_does_not_fit(data, arrays):
    with pytest.raises(intrain.ConfigError, match="batch"):
        intrain.Trainer("mlp", data=data, batch=1000)
    with pytest.raises(intrain.NetError):
        intrain.Trainer("nothing", data=data)
    with pytest.raises(intrain.DataError, match="data set"):
        intrain.Trainer("mlp", data=arrays[0])
    with pytest.raises(intrain.DataError, match="no data yet"):
        intrain.Trainer("mlp").fit()
    with pytest.raises(intrain.DataError):
        intrain.Trainer(intrain.Net("mlp", (28, 28, 1), 10), data=data)
    with pytest.raises(intrain.ConfigError, match="nothing to evaluate"):
        intrain.Trainer("mlp", data=intrain.Data(*arrays[:2]), patience=2)
    trainer = intrain.Trainer("mlp", data=data, batch=16, epochs=1)
    with pytest.raises(intrain.DataError, match="its data already"):
        trainer.fit(intrain.Data(*arrays))
    X, y = arrays[:2]
    for images, labels in ((X[:17], y[:17]), (X[:3], y[:2]), (X[:0], y[:0]), (X[:2, :5].copy(), y[:2]), (X[:2].astype(float), y[:2]), (X[:2], [0, 10])):
        with pytest.raises(intrain.DataError):
            trainer.step(images, labels)
    assert trainer.steps_done == 0
    with pytest.raises(intrain.DataError):
        trainer.evaluate(X)


def test_steps_end(data, arrays):
    X, y = arrays[:2]
    trainer = intrain.Trainer("mlp", data=data, batch=128, epochs=1)
    losses = [trainer.step(X[:128], y[:128]).loss for _ in range(2)]
    assert losses[1] < losses[0] and trainer.steps_done == 2
    with pytest.raises(intrain.ConfigError, match="all 2 steps are done"):
        trainer.step(X[:128], y[:128])


def test_a_stream(arrays):
    X, y = arrays[:2]
    stream = intrain.Stream((12, 12, 1), 10, steps=20, mean=[0.5], deviation=[0.25])
    trainer = intrain.Trainer("mlp", data=stream, batch=8, lr=0.05)
    results = [trainer.step(X[:8], y[:8]) for _ in range(20)]
    assert results[-1].count == 8 and results[-1].loss < results[0].loss and trainer.plan.total_steps == 20
    with pytest.raises(intrain.ConfigError, match="all 20 steps"):
        trainer.step(X[:8], y[:8])
    with pytest.raises(intrain.DataError, match="no images to go through"):
        trainer.fit()
    again = intrain.Trainer.resume(trainer.state(), stream.data(8))
    assert again.signature == trainer.signature


def test_what_is_too_large(tmp_path):
    # Padding makes the maps 250 x 250; 9,000 of them are more than batch norm may add up.
    layer = "[[layer]]\ntype = 'conv'\nchannels = 2\nsize = 15\npad = 14\n"
    (tmp_path / "grown.toml").write_text(layer * 17 + "[[layer]]\ntype = 'average_pool'\n")
    X, y = np.zeros((9000, 12, 12), np.uint8), np.arange(9000) % 2
    with pytest.raises(intrain.Error) as e:
        intrain.Trainer(tmp_path / "grown.toml", data=intrain.Data(X, y), batch=9000)
    assert e.value.setting == "batch" and e.value.hint
