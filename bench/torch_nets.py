"""The peer's nets, for torch_peer.py: build(NAME or FILE.toml, channels, side, classes)."""
import math, tomllib
from collections import OrderedDict
import torch
import torch.nn as nn
import torch.nn.functional as F


class Basic(nn.Module):
    expansion = 1

    def __init__(self, cin, width, stride, pad=False):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(cin, width, stride, pad)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)) + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, cin, width, stride, pad=False):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = shortcut(cin, 4 * width, stride, pad)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        return F.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


class PreActivation(nn.Module):
    """The blocks v2. In and out: the residual stream, and ReLU(batch norm(stream)). A shortcut's convolution reads the latter."""

    def __init__(self, cin, width, stride, bottleneck):
        super().__init__()
        conv = lambda c, k, size, s=1: nn.Conv2d(c, k, size, s, size // 2, bias=False)
        cout = width * (4 if bottleneck else 1)
        self.first = nn.ModuleList([conv(cin, width, 1), conv(width, width, 3, stride)] if bottleneck else [conv(cin, width, 3, stride)])
        self.norms = nn.ModuleList([nn.BatchNorm2d(width) for _ in self.first])
        self.last = conv(width, cout, 1 if bottleneck else 3)
        self.norm = nn.BatchNorm2d(cout)
        self.down = None if stride == 1 and cin == cout else conv(cin, cout, 1, stride)

    def forward(self, x):
        stream, y = x
        shortcut = stream if self.down is None else self.down(y)
        for conv, norm in zip(self.first, self.norms):
            y = F.relu(norm(conv(y)), inplace=True)
        stream = self.last(y) + shortcut
        return stream, F.relu(self.norm(stream))


class StreamStem(nn.Module):
    """Small images: the stream starts at the convolution. Large ones: convolution, batch norm, ReLU, max pool, and the stream there."""

    def __init__(self, channels, imagenet):
        super().__init__()
        self.conv = nn.Conv2d(channels, 64, 7, 2, 3, bias=False) if imagenet else nn.Conv2d(channels, 16, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(self.conv.out_channels)
        self.pool = nn.MaxPool2d(3, 2, 1) if imagenet else None

    def forward(self, x):
        stream = self.conv(x)
        y = F.relu(self.norm(stream))
        if self.pool is None:
            return stream, y
        y = self.pool(y)
        return y, y


class Activation(nn.Module):
    def forward(self, x):
        return x[1]


class PadShortcut(nn.Module):
    """Every stride-th pixel of every stride-th row, and zeros for the new channels."""

    def __init__(self, cin, cout, stride, before=None):
        super().__init__()
        before = (cout - cin) // 2 if before is None else before
        self.stride, self.pads = stride, (0, 0, 0, 0, before, cout - cin - before)

    def forward(self, x):
        return F.pad(x[:, :, ::self.stride, ::self.stride], self.pads)


def shortcut(cin, cout, stride, pad=False):
    if stride == 1 and cin == cout:
        return None
    if pad:
        return PadShortcut(cin, cout, stride)
    return nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))


def resnet(name, channels, classes):
    """resnet8/14/20/32/44/56 for small images, resnet18/34/50 for 224x224; NAME_v2: with pre-activation, NAME_a: without parameters in shortcuts.
    resnet18_cifar; wrnDEPTH_WIDTH."""
    number, v2, pad = name.removeprefix("resnet").removesuffix("_v2").removesuffix("_a"), name.endswith("_v2"), name.endswith("_a")
    if name == "resnet18_cifar":
        number = "18"
    if name.startswith("wrn"):
        number, width = name[3:].split("_")
        v2, width = True, int(width)
    if not number.isdigit():
        raise SystemExit(f"error: no peer of {name}: resnets, wrn16_4, mobilenet_v2, vgg_small, vgg11_bn, vgg16_bn, mlp and files that end with .toml only")
    depth = int(number)
    small = name == "resnet18_cifar" or name.startswith("wrn")
    imagenet = {18: (Basic, [2, 2, 2, 2]), 34: (Basic, [3, 4, 6, 3]), 50: (Bottleneck, [3, 4, 6, 3])}
    if depth in imagenet:
        block, counts = imagenet[depth]
        widths, cin = [64, 128, 256, 512], 64
        layers = [nn.Conv2d(channels, 64, 3, 1, 1, bias=False) if small else nn.Conv2d(channels, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True)]
        layers += [] if small else [nn.MaxPool2d(3, 2, 1)]
    elif small:
        block, counts, widths, cin = Basic, [(depth - 4) // 6] * 3, [16 * width, 32 * width, 64 * width], 16
    else:
        block, counts, widths, cin = Basic, [(depth - 2) // 6] * 3, [16, 32, 64], 16
        layers = [nn.Conv2d(channels, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(True)]
    if v2:
        layers = [StreamStem(channels, depth in imagenet)]
    named = dict(zip(("stem",) if v2 else ("conv1", "bn1", "relu", "maxpool"), layers))
    for stage, (count, width) in enumerate(zip(counts, widths)):
        blocks = []
        for i in range(count):
            stride = 2 if stage and i == 0 else 1
            blocks.append(PreActivation(cin, width, stride, block is Bottleneck) if v2 else block(cin, width, stride, pad))
            cin = width * block.expansion
        named[f"layer{stage + 1}"] = nn.Sequential(*blocks)
    if v2:
        named["activation"] = Activation()
    return nn.Sequential(OrderedDict(named, avgpool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), fc=nn.Linear(cin, classes)))


def vgg_bn(name, channels, classes):
    """VGG's tables A and D with batch norm for small images: no hidden linear layers."""
    table = {"vgg11_bn": [64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0],
             "vgg16_bn": [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]}[name]
    layers, cin = [], channels
    for width in table:
        layers += [nn.MaxPool2d(2)] if width == 0 else [nn.Conv2d(cin, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)]
        cin = width or cin
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(cin, classes))


def vgg_small(channels, side, classes):
    """2x(128C3)-MP2-2x(256C3)-MP2-2x(512C3)-MP2-1024FC, for 32x32; batch norm after each convolution."""
    layers, cin = [], channels
    for width in (128, 256, 512):
        for _ in range(2):
            layers += [nn.Conv2d(cin, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)]
            cin = width
        layers.append(nn.MaxPool2d(2))
    hidden = nn.Linear(cin * (side // 8) ** 2, 1024)
    classifier = nn.Sequential(hidden, nn.ReLU(True), nn.Linear(1024, classes))
    return nn.Sequential(OrderedDict(features=nn.Sequential(*layers), flatten=nn.Flatten(), classifier=classifier))


class InvertedResidual(nn.Module):
    def __init__(self, cin, cout, stride, expansion):
        super().__init__()
        width = cin * expansion
        layers = [conv_bn_relu6(cin, width, 1)] if expansion > 1 else []
        layers += [conv_bn_relu6(width, width, 3, stride, width), nn.Conv2d(width, cout, 1, bias=False), nn.BatchNorm2d(cout)]
        self.conv, self.adds = nn.Sequential(*layers), stride == 1 and cin == cout

    def forward(self, x):
        return x + self.conv(x) if self.adds else self.conv(x)


def conv_bn_relu6(cin, cout, size, stride=1, groups=1):
    conv = nn.Conv2d(cin, cout, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(cout), nn.ReLU6(True))


def mobilenet_v2(channels, side, classes):
    """torchvision's without dropout; up to 64x64 with stride 1 in the stem and the stage of 24 channels, as usual for CIFAR."""
    small, cin = side <= 64, 32
    layers = [conv_bn_relu6(channels, 32, 3, 1 if small else 2)]
    for expansion, width, count, stride in ((1, 16, 1, 1), (6, 24, 2, 1 if small else 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                            (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(count):
            layers.append(InvertedResidual(cin, width, stride if i == 0 else 1, expansion))
            cin = width
    layers.append(conv_bn_relu6(cin, 1280, 1))
    return nn.Sequential(OrderedDict(features=nn.Sequential(*layers), avgpool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(),
                                     classifier=nn.Linear(1280, classes)))


def mlp(channels, side, classes):
    """Hidden layers of 200, 100 and 50 with ReLU."""
    widths = [channels * side * side, 200, 100, 50]
    hidden = [layer for a, b in zip(widths, widths[1:]) for layer in (nn.Linear(a, b), nn.ReLU(True))]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(widths[-1], classes))


def file_blocks(layer, cin):
    width, stride, kind = layer["channels"], layer.get("stride", 1), layer["type"]
    pad = layer.get("shortcut") == "pad"
    block = {"basic": lambda c, k, s: Basic(c, k, s, pad), "bottleneck": lambda c, k, s: Bottleneck(c, k, s, pad),
             "basic_v2": lambda c, k, s: PreActivation(c, k, s, False), "bottleneck_v2": lambda c, k, s: PreActivation(c, k, s, True),
             "inverted_residual": lambda c, k, s: InvertedResidual(c, k, s, layer.get("expand", 6))}[kind]
    cout = 4 * width if kind.startswith("bottleneck") else width
    return nn.Sequential(*[block(cout if i else cin, width, 1 if i else stride) for i in range(layer.get("repeat", 1))])


class FileLayer(nn.Module):
    """A layer of a net file. In and out as PreActivation: what other layers add of it, and what they read."""

    def __init__(self, layer, shape):
        super().__init__()
        cin, self.kind, self.activation = shape[1], layer["type"], None
        if self.kind in ("conv", "stream"):
            cout = layer["channels"]
            self.main = nn.Conv2d(cin, cout, layer["size"], layer.get("stride", 1), layer.get("pad", 0), groups=layer.get("groups", 1), bias=False)
            if layer.get("relu", True):
                self.activation = {"relu": F.relu, "relu6": F.relu6}.get(layer.get("activation", "relu"))
            self.norm = None if self.kind == "stream" and self.activation is None else nn.BatchNorm2d(cout)
        elif self.kind == "shortcut":
            self.main = PadShortcut(cin, layer["channels"], layer.get("stride", 1), layer.get("before"))
        elif self.kind == "max_pool":
            self.main = nn.MaxPool2d(layer["size"], layer.get("stride"), layer.get("pad", 0))
        elif self.kind == "average_pool":
            self.main = nn.AdaptiveAvgPool2d(1)
        elif self.kind == "linear":
            self.main = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(shape), layer["channels"]), nn.ReLU(True))
        else:
            self.main = file_blocks(layer, cin)

    def forward(self, x, addend):
        if self.kind.endswith("_v2"):
            return self.main(x)
        y = self.main(x[1])
        if self.kind == "conv":
            y = self.norm(y)
        if addend is not None:
            y = y + addend
        if self.activation is None:
            return y, y
        if self.kind == "stream":
            return y, self.activation(self.norm(y))
        y = self.activation(y)
        return y, y


class FileNet(nn.Module):
    def __init__(self, path, channels, side, classes):
        super().__init__()
        with open(path, "rb") as f:
            tables = tomllib.load(f)["layer"]
        self.layers, self.wiring = nn.ModuleList(), []  # of each layer: which ones it reads and adds, 0: the images
        image = torch.zeros(1, channels, side, side)
        values, numbers = [(image, image)], {"input": 0}
        for table in tables:
            reads = numbers[table["input"]] if "input" in table else len(self.layers)
            self.wiring.append((reads, numbers[table["add"]] if "add" in table else None))
            self.layers.append(FileLayer(table, values[reads][1].shape))
            if "name" in table:
                numbers[table["name"]] = len(self.layers)
            self.eval()  # batch norm of a single image
            with torch.no_grad():
                values.append(self.run(len(self.layers) - 1, values))
        self.fc = nn.Linear(values[-1][1].numel(), classes)
        self.train()

    def run(self, i, values):
        reads, adds = self.wiring[i]
        return self.layers[i](values[reads], None if adds is None else values[adds][0])

    def forward(self, x):
        values = [(x, x)]
        for i in range(len(self.layers)):
            values.append(self.run(i, values))
        return self.fc(values[-1][1].flatten(1))


def build(name, channels, side, classes):
    if name == "mlp":
        return mlp(channels, side, classes)
    if name == "mobilenet_v2":
        return mobilenet_v2(channels, side, classes)
    if name.endswith(".toml"):
        return FileNet(name, channels, side, classes)
    if name in ("vgg11_bn", "vgg16_bn"):
        return vgg_bn(name, channels, classes)
    return vgg_small(channels, side, classes) if name == "vgg_small" else resnet(name, channels, classes)
