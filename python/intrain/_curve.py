"""A learning curve as SVG, for notebooks: no library is needed to draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT, _MARGIN = 360, 150, 34
_COLOURS = ("#2f6fb0", "#c8641e")


def learning_curve(history: Mapping[str, Sequence[float]]) -> str:
    """Accuracy over epochs, of training and, if there is one, validation; empty without an epoch."""
    epochs = history["epoch"]
    if not epochs:
        return ""
    lines = [(name, history[key]) for name, key in (("training", "accuracy"), ("validation", "val_accuracy")) if key in history]
    least = min(min(values) for _, values in lines)
    most = max(max(values) for _, values in lines)
    if most - least < 0.01:
        least, most = max(0.0, most - 0.005), min(1.0, most + 0.005)

    def x(epoch: float) -> float:
        share = (epoch - epochs[0]) / (epochs[-1] - epochs[0]) if len(epochs) > 1 else 0.5
        return _MARGIN + share * (_WIDTH - 2 * _MARGIN)

    def y(value: float) -> float:
        return _HEIGHT - _MARGIN - (value - least) / (most - least) * (_HEIGHT - 2 * _MARGIN)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="11" role="img">',
        f"<title>accuracy over {len(epochs)} epochs</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<path d="M{_MARGIN} {_MARGIN}V{_HEIGHT - _MARGIN}H{_WIDTH - _MARGIN}" fill="none" stroke="#888"/>',
    ]
    for value in (least, most):
        parts.append(f'<text x="{_MARGIN - 4}" y="{y(value) + 4:.1f}" text-anchor="end">{100 * value:.0f}%</text>')
    for epoch in (epochs[0], epochs[-1]) if len(epochs) > 1 else epochs[:1]:
        parts.append(f'<text x="{x(epoch):.1f}" y="{_HEIGHT - _MARGIN + 15}" text-anchor="middle">{epoch:.0f}</text>')
    for i, (name, values) in enumerate(lines):
        points = " ".join(f"{x(epoch):.1f},{y(value):.1f}" for epoch, value in zip(epochs, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{_COLOURS[i]}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x(e):.1f}" cy="{y(v):.1f}" r="2" fill="{_COLOURS[i]}"/>' for e, v in zip(epochs, values, strict=True)]
        parts.append(f'<text x="{_MARGIN + 130 * i}" y="16" fill="{_COLOURS[i]}">{name} {100 * values[-1]:.2f} %</text>')
    return "".join(parts) + "</svg>"
