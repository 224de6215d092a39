"""The package and the command line are one training: the same settings, the same signature."""

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

import intrain

SMALL = {"epochs": 2, "batch": 16, "lr": 0.05, "seed": 3}


def flags(tmp_path, *more, lr=0.05):
    return ["--data", "synthetic:256", "--epochs", 2, "--batch", 16, "--lr", lr, "--seed", 3, "--out", tmp_path / "program", *more]


def small_net():
    b = intrain.NetBuilder(12, 12, 1, 10, name="small")
    x = b.conv_bn_relu(b.input, 8, size=3, pad=1)
    x = b.conv_bn_add_relu(b.conv_bn_relu(x, 8, size=3, pad=1), 8, size=3, pad=1, shortcut=x)
    x = b.conv_bn_relu6(x, 12, size=3, stride=2, pad=1)
    x = b.conv_bn_linear(x, 12, size=1, groups=2)
    short = b.conv_bn(x, 16, size=1)
    x = b.conv_bn_add_relu(x, 16, size=3, pad=1, shortcut=short)
    x = b.max_pool(x, 2)
    x = b.linear_relu(x, 20)
    return b.linear_logits(x)


def stream_net():
    b = intrain.NetBuilder(12, 12, 1, 10, name="stream")
    x = b.conv_add_stream(b.input, 8, size=3, pad=1)
    x = b.conv_add_stream(b.conv_bn_relu(x, 8, size=3, pad=1), 8, size=3, pad=1, shortcut=x)
    short = b.conv_stream(x, 16, size=1, stride=2)
    x = b.conv_add_stream(b.conv_bn_relu(x, 16, size=3, stride=2, pad=1), 16, size=3, pad=1, shortcut=short)
    y = b.conv_bn_relu(x, 16, size=3, pad=1)
    z = b.conv_bn_relu(b.pad_shortcut(y, 24, stride=2), 24, size=1)
    return b.linear_logits(b.global_average_pool(z))


def signal_net():
    b = intrain.NetBuilder(12, 12, 1, 10, name="signal")
    x = b.conv_relu(b.input, 8, size=5, stride=2, pad=2, height=1)
    x = b.conv_bn_relu(x, 12, size=3, pad=1, groups=4, height=2)
    return b.linear_logits(b.global_average_pool(b.conv_relu(x, 16, size=1)))


@pytest.mark.parametrize("extra", [
    {},
    {"running_statistics": True, "optimizer": "plain"},
    {"accumulate": 2},
    {"label_smoothing": 0.1, "weight_decay": 0.001, "augment": "none", "nesterov": True, "decay": "weights", "bias_lr_log2": 2, "average": 3},
    {"freeze": ["linear1.*"], "mirror": "alternate", "shift": 3, "border": "reflect", "cutout": 4, "color_jitter": [0.3], "mixup": 0.4},
    {"schedule": "linear", "warmup": 0.5, "restarts": 1, "momentum": 0.5, "balance": True},
])
def test_settings_are_flags(tmp_path, train_program, synthetic, extra):
    given, model = [], "resnet8" if "running_statistics" in extra else "mlp"
    for key, value in extra.items():
        flag = "--" + key.replace("_", "-")
        given += [flag] if value is True else [flag, value[0] if isinstance(value, list) else value]
    trainer = intrain.Trainer(model, data=synthetic, **SMALL, **extra)
    assert trainer.fit().signature == train_program(*flags(tmp_path, "--model", model, *given))
    assert trainer.signature == trainer.net.signature == trainer.fit().signature


def test_objects_are_settings(tmp_path, train_program, synthetic):
    trainer = intrain.Trainer("mlp", intrain.SGD(lr=0.02, momentum=0.8, weight_decay=0.01, nesterov=True, decay="weights", bias_lr_log2=1), synthetic,
                              schedule=intrain.Schedule("linear", warmup=0.5, restarts=1), widths={"w": 4, "round_e": "nearest"}, epochs=2, batch=16, seed=3)
    expected = train_program(*flags(tmp_path, "--model", "mlp", "--momentum", 0.8, "--weight-decay", 0.01, "--nesterov", "--decay", "weights", "--bias-lr-log2", 1,
                                    "--schedule", "linear", "--warmup", 0.5, "--restarts", 1,
                                    "--set", "w=4", "--set", "round_e=nearest", lr=0.02))
    assert trainer.fit().signature == expected


def test_a_recipe(tmp_path, train_program, synthetic):
    trainer = intrain.Trainer("resnet8_v2", data=synthetic, recipe="wageubn", epochs=1, batch=16)
    expected = train_program("--data", "synthetic:256", "--recipe", "wageubn", "--model", "resnet8_v2", "--epochs", 1, "--batch", 16,
                             "--out", tmp_path / "program")
    assert trainer.fit().signature == expected


@pytest.mark.parametrize("make", [small_net, stream_net, signal_net])
def test_layer_by_layer_and_from_toml(tmp_path, train_program, data, make):
    net = make()
    file = tmp_path / "net.toml"
    file.write_text(net.toml)
    expected = train_program(*flags(tmp_path, "--model", file))
    for same in (net, file, str(file), intrain.Net.from_toml(net.toml, (12, 12, 1), 10), intrain.Net.from_toml(str(file), (12, 12, 1), 10)):
        assert intrain.Trainer(same, data=data, **SMALL).fit().signature == expected


def test_threads_and_isa_change_nothing(synthetic):
    expected = intrain.Trainer("resnet8", data=synthetic, epochs=1, batch=16, threads=1).fit().signature
    assert intrain.Trainer("resnet8", data=synthetic, epochs=1, batch=16, threads=2).fit().signature == expected


def test_checkpoints_go_both_ways(tmp_path, program, run_program, train_program, synthetic, data):
    """A run that either began, stopped and the other ended."""
    whole = train_program(*flags(tmp_path, "--model", "mlp"))

    class StopAt(intrain.Callback):
        every_step = True

        def on_step_end(self, trainer, step):
            return step.step == 9

    trainer = intrain.Trainer("mlp", data=synthetic, out=tmp_path / "python", **SMALL)
    history = trainer.fit(callbacks=StopAt())
    assert history.stopped and history.step == 9 and history.folder == str(tmp_path / "python")
    state = trainer.state()
    assert f"signature: {whole}" in run_program("train", "--resume", tmp_path / "python")
    # From memory, with the arrays.
    assert intrain.Trainer.resume(state, data, recompute=64).fit().signature == whole
    with pytest.raises(intrain.ConfigError, match="cannot change while it goes on"):
        intrain.Trainer.resume(state, data, lr=0.2)
    # And in the same object.
    assert trainer.signature == intrain.Net.from_state(state).signature

    # A run of the program that is stopped after some steps.
    process = subprocess.Popen([program, "train", "--data", "synthetic:4096", "--model", "mlp", "--epochs", "6",
                                "--batch", "16", "--seed", "3", "--out", tmp_path / "stopped"], stdout=subprocess.DEVNULL)
    while not (tmp_path / "stopped/metrics.jsonl").exists() or os.path.getsize(tmp_path / "stopped/metrics.jsonl") < 2000:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    resumed = intrain.Trainer.resume(tmp_path / "stopped").fit()
    assert not resumed.stopped and resumed.folder == str(tmp_path / "stopped")
    assert resumed.signature == intrain.Trainer("mlp", data="synthetic:4096", epochs=6, batch=16, seed=3).fit().signature
    assert (tmp_path / "stopped/final.ckpt").exists()


def test_what_python_wrote_the_program_reads(tmp_path, run_program, synthetic):
    net = small_net()
    trainer = intrain.Trainer(net, data=synthetic, **SMALL)
    trainer.fit()
    trainer.net.save(tmp_path / "net.ckpt")
    text = run_program("eval", "--checkpoint", tmp_path / "net.ckpt")
    assert f"test accuracy: {100 * trainer.evaluate(synthetic.test).accuracy:.2f} %" in text
    loaded = intrain.Net.load(tmp_path / "net.ckpt")
    assert loaded.signature == trainer.signature
    np.testing.assert_array_equal(loaded.predict(synthetic.test.images, "integers"), trainer.predict(synthetic.test.images, "integers"))


def test_training_on(tmp_path, train_program, synthetic):
    """From the numbers of a net in memory, as from its file."""
    first = intrain.Trainer("mlp", data=synthetic, **SMALL)
    first.fit()
    first.net.save(tmp_path / "first.ckpt")
    expected = train_program(*flags(tmp_path, "--init-from", tmp_path / "first.ckpt", lr=0.01))
    for net in (first.net, intrain.Net.load(tmp_path / "first.ckpt")):
        assert intrain.Trainer(net, data=synthetic, **{**SMALL, "lr": 0.01}).fit().signature == expected


def test_another_last_layer(data, arrays):
    first = intrain.Trainer("mlp", data=data, **SMALL)
    first.fit()
    X, y, X_val, y_val = arrays
    fewer = intrain.Data(X, y % 4, X_val, y_val % 4)
    trainer = intrain.Trainer(first.net, data=fewer, **SMALL)
    np.testing.assert_array_equal(trainer.parameters["linear0.weight"].master, first.parameters["linear0.weight"].master)
    assert trainer.predict(X_val, "logits").shape == (len(X_val), 4)


def test_more_epochs(synthetic):
    """Where no step done would have been another, which a constant part of the schedule allows."""
    trainer = intrain.Trainer("mlp", data=synthetic, **SMALL)
    trainer.fit()
    with pytest.raises(intrain.ConfigError) as e:
        trainer.fit(epochs=3)
    assert e.value.setting == "epochs"
