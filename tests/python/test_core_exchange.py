"""Nets from elsewhere and for elsewhere."""

import json
import struct

import numpy as np
import pytest

import intrain


def state_dict(rng, classes=10):
    """Of torch's nn.Sequential(Flatten, Linear(144, 200), ReLU, Linear(200, 100), ReLU, Linear(100, 50), ReLU, Linear(50, classes))."""
    sizes = [144, 200, 100, 50, classes]
    tensors = {}
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        tensors[f"{2 * i + 1}.weight"] = rng.normal(0, (2 / inputs) ** 0.5, (outputs, inputs)).astype(np.float32)
        tensors[f"{2 * i + 1}.bias"] = rng.normal(0, 0.1, outputs).astype(np.float32)
    return tensors


def float_logits(tensors, images):
    x = (images / 255 - images.mean() / 255) / (images.std() / 255)
    x = x.reshape(len(x), -1)
    names = list(tensors)
    for weight, bias in zip(names[::2], names[1::2]):
        x = x @ tensors[weight].T + tensors[bias]
        x = np.maximum(x, 0) if weight != names[-2] else x
    return x


class FakeModule:
    """What from_torch needs of a module whose net is given: its tensors."""

    def __init__(self, tensors):
        self.tensors = tensors

    def state_dict(self):
        return self.tensors


@pytest.mark.parametrize("form", ["module", "state_dict", "file"])
def test_by_the_names_of_tensors(tmp_path, data, arrays, form):
    tensors = state_dict(np.random.default_rng(0))
    X = arrays[0]
    if form == "file":
        header, at = {}, 0
        for name, t in tensors.items():
            header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + t.nbytes]}
            at += t.nbytes
        text = json.dumps(header).encode()
        (tmp_path / "net.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(t.tobytes() for t in tensors.values()))
        net = intrain.from_safetensors(tmp_path / "net.safetensors", "mlp", data)
    else:
        counters = {**tensors, "1.num_batches_tracked": np.array(3)}
        net = intrain.from_torch(FakeModule(counters) if form == "module" else counters, data, model="mlp")
    expected = float_logits(tensors, X.astype(np.float64))
    got = net.predict(X, "logits")
    assert np.corrcoef(expected.ravel(), got.ravel())[0, 1] > 0.99
    assert (expected.argmax(1) == got.argmax(1)).mean() > 0.9
    assert [layer["source"] for layer in net.report["layers"]] and net.step == 0 and net.report["border"] in ("mean", "black")
    # It trains on, and as the program would from its file.
    trainer = intrain.Trainer(net, data=data, epochs=1, batch=16, lr=0.01)
    signature = trainer.fit().signature
    net.save(tmp_path / "imported.ckpt")
    assert intrain.Trainer(intrain.Net.load(tmp_path / "imported.ckpt"), data=data, epochs=1, batch=16, lr=0.01).fit().signature == signature


def test_images_without_labels(arrays):
    tensors = state_dict(np.random.default_rng(1))
    net = intrain.from_torch(tensors, arrays[0][:64], model="mlp", classes=10, mean=[0.5], deviation=[0.25])
    assert net.settings["mean"] == [0.5] and net.report["border"] == ""
    with pytest.raises(intrain.DataError, match="how many classes"):
        intrain.from_torch(tensors, arrays[0][:64], model="mlp")
    with pytest.raises(intrain.ExchangeError, match="tells no net"):
        intrain.from_torch(tensors, arrays[0][:64], classes=10)
    with pytest.raises(intrain.ExchangeError):
        intrain.from_torch(dict(list(tensors.items())[:4]), arrays[0][:64], model="mlp", classes=10)
    with pytest.raises(intrain.ExchangeError):
        intrain.from_onnx(b"no model", arrays[0][:64], classes=10)


def test_a_new_head(arrays):
    X, y = arrays[:2]
    fewer = intrain.Data(X, y % 4)
    net = intrain.from_torch(state_dict(np.random.default_rng(2)), fewer, model="mlp", new_head=True)
    assert net.classes == 4 and net.predict(X[:3], "logits").shape == (3, 4)


def test_torch_modules(data, arrays):
    """Through torch.onnx.export."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    nn = torch.nn
    module = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1, bias=False),
                           nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
    X = arrays[0]
    scaled = torch.tensor((X.astype(np.float32) - X.mean()) / X.std()).permute(0, 3, 1, 2)
    with torch.no_grad():
        for _ in range(50):
            module(scaled)  # running statistics
    module.train()
    net = intrain.from_torch(module, data)
    assert module.training and net.toml
    module.eval()
    with torch.no_grad():
        expected = module(scaled).numpy()
    got = net.predict(X, "logits")
    assert np.corrcoef(expected.ravel(), got.ravel())[0, 1] > 0.98


def test_onnx_and_safetensors_are_what_the_program_writes(tmp_path, run_program, synthetic):
    trainer = intrain.Trainer("resnet8", data=synthetic, epochs=1, batch=16)
    trainer.fit()
    net = trainer.net
    net.save(tmp_path / "net.ckpt")
    for qdq in (False, True):
        run_program("export", "--checkpoint", tmp_path / "net.ckpt", "--onnx", tmp_path / "program.onnx", *(["--qdq"] if qdq else []))
        assert net.to_onnx(tmp_path / "ours.onnx", qdq=qdq) == (tmp_path / "program.onnx").read_bytes() == (tmp_path / "ours.onnx").read_bytes()
    run_program("export", "--checkpoint", tmp_path / "net.ckpt", "--safetensors", tmp_path / "program.safetensors")
    net.to_safetensors(tmp_path / "ours.safetensors")
    assert (tmp_path / "ours.safetensors").read_bytes() == (tmp_path / "program.safetensors").read_bytes()


def test_exact_onnx_in_onnx_runtime(synthetic):
    runtime = pytest.importorskip("onnxruntime")
    trainer = intrain.Trainer("resnet8", data=synthetic, epochs=1, batch=16, average=3, logit_shift=2)
    trainer.fit()
    session = runtime.InferenceSession(trainer.net.to_onnx())
    X = synthetic.test.images
    logits = session.run(None, {"images": np.ascontiguousarray(X.transpose(0, 3, 1, 2))})[0]
    np.testing.assert_array_equal(logits, trainer.predict(X, "integers"))
