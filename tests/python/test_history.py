"""How a training went: as a mapping, as a plot, as SVG."""

import pickle
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest

import intrain


@pytest.fixture(scope="module")
def history(arrays):
    return intrain.Trainer("mlp", data=intrain.Data(*arrays), epochs=3, batch=16, lr=0.05).fit()


def test_a_mapping(history):
    assert list(history) == ["epoch", "loss", "accuracy", "seconds", "images_per_second", "val_loss", "val_accuracy"] and len(history) == 7
    assert history["epoch"] == [1, 2, 3] and history == history.history and "nothing" not in history
    with pytest.raises(KeyError):
        history["nothing"]
    again = pickle.loads(pickle.dumps(history))
    assert again == history and again.signature == history.signature and again.test is None and history.test is not None


def test_the_curve(history, arrays):
    svg = xml.fromstring(history._repr_html_())
    lines = svg.findall("{*}polyline")
    assert len(lines) == 2 and all(len(line.get("points").split()) == 3 for line in lines)
    one = intrain.Trainer("mlp", data=intrain.Data(*arrays[:2]), epochs=1, batch=16).fit()
    assert len(xml.fromstring(one._repr_html_()).findall("{*}polyline")) == 1 and list(one) == list(history)[:5]
    assert intrain.History(False)._repr_html_() == ""


def test_the_plot(history):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    figure = history.plot()
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert list(accuracy.lines[1].get_ydata()) == history["val_accuracy"] and accuracy.get_ylabel() == "accuracy"
    assert history.plot(figure.axes) is figure and len(loss.lines) == 4
    matplotlib.pyplot.close(figure)


def test_without_matplotlib():
    text = """
import sys
sys.modules["matplotlib"] = None
import intrain
try:
    intrain.History(False).plot()
except intrain.Error as e:
    print(e.hint)
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.stdout == 'pip install "intrain[plot]"\n', done.stderr
