#!/usr/bin/env python3
"""Writes the files of this folder: a small residual net as PyTorch 2.9 or later exports it with all settings as they are, and the logits
that PyTorch computes. Needs torch, onnx and onnxscript.

  python3 tests/exchange/import/data/make.py
"""
from pathlib import Path

import onnx
import torch
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).parent
IMAGES, SIDE = 16, 12


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.down = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if x.shape == y.shape else self.down(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.blocks = nn.Sequential(Block(4, 4, 1), Block(4, 8, 2))
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.blocks(F.relu(self.bn(self.conv(x)))), 1)
        return F.log_softmax(self.fc(self.drop(torch.flatten(x, 1))), dim=1)


torch.manual_seed(0)
net = Net().eval()
for module in net.modules():
    if isinstance(module, nn.BatchNorm2d):
        module.running_mean.normal_(0, 0.2)
        module.running_var.uniform_(0.5, 1.5)
        module.weight.data.uniform_(0.5, 1.5)
        module.bias.data.normal_(0, 0.2)
net.fc.weight.data.uniform_(-1, 1)
torch.onnx.export(net, (torch.zeros(1, 1, SIDE, SIDE),), HERE / "dynamo.onnx")
# As it was written, but for where each node stood in this script.
model = onnx.load(HERE / "dynamo.onnx", load_external_data=False)
for part in (model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info, *model.graph.initializer):
    del part.metadata_props[:]
(HERE / "dynamo.onnx").write_bytes(model.SerializeToString())

# Noise on a grey of each image's own, exact in 8 bits.
pixels, state = [], 1
for i in range(IMAGES * SIDE * SIDE):
    state = (state * 1103515245 + 12345) % 2**31
    pixels.append((state >> 16) % 65 - 32 + i // (SIDE * SIDE) * 9 % 65 - 32)
images = torch.tensor(pixels, dtype=torch.float32).reshape(IMAGES, 1, SIDE, SIDE) / 32
with torch.no_grad():
    x = F.adaptive_avg_pool2d(net.blocks(F.relu(net.bn(net.conv(images)))), 1)
    logits = net.fc(torch.flatten(x, 1))
(HERE / "dynamo.logits").write_text("".join(" ".join(f"{v:.6f}" for v in row) + "\n" for row in logits.tolist()))
