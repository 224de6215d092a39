"""For torch_peer.py: data sets, and what a training does to their images."""
import glob, gzip, math, os
import numpy as np
import torch
import torch.nn.functional as F


def load(spec):
    kind, _, where = spec.partition(":")
    if kind == "fashion-mnist":
        where = where or "/usr/share/datasets/fashion-mnist"
        raw = lambda n, skip: np.frombuffer(gzip.open(os.path.join(where, n + "-ubyte.gz")).read(), np.uint8, offset=skip)
        x, y = raw("train-images-idx3", 16).reshape(-1, 1, 28, 28), raw("train-labels-idx1", 8)
        tx, ty = raw("t10k-images-idx3", 16).reshape(-1, 1, 28, 28), raw("t10k-labels-idx1", 8)
    else:
        rows = lambda files: np.concatenate([np.fromfile(f, np.uint8).reshape(-1, 3073) for f in files])
        a, b = rows(sorted(glob.glob(os.path.join(where, "data_batch_*.bin")))), rows([os.path.join(where, "test_batch.bin")])
        x, y, tx, ty = a[:, 1:].reshape(-1, 3, 32, 32), a[:, 0], b[:, 1:].reshape(-1, 3, 32, 32), b[:, 0]
    mean, std = x.mean((0, 2, 3), dtype=np.float64), x.std((0, 2, 3), dtype=np.float64)
    norm = lambda v: torch.from_numpy(((v - mean[None, :, None, None]) / std[None, :, None, None]).astype(np.float32))
    return norm(x), torch.from_numpy(y.astype(np.int64)), norm(tx), torch.from_numpy(ty.astype(np.int64))


class Photos:
    """DIR/train/<class>/ and DIR/val/<class>/ (or test), as folder:DIR[:SIDE] of intrain: random windows and mirrors when training, the
    middle at evaluation, or all of them with --augment none, mean and deviation of the training photos as evaluation sees them. Decoded by PIL in as many processes as threads."""

    def __init__(self, where, workers, whole):
        from concurrent.futures import ProcessPoolExecutor
        head, _, tail = where.rpartition(":")
        self.side, self.whole = int(tail) if head else 224, whole
        root = head or where
        self.classes = sorted(d for d in os.listdir(os.path.join(root, "train")) if not d.startswith("."))
        listed = lambda split: [(os.path.join(root, split, c, f), k) for k, c in enumerate(self.classes)
                                for f in sorted(os.listdir(os.path.join(root, split, c))) if f.lower().endswith((".jpg", ".jpeg", ".png"))]
        self.train, self.val = listed("train"), listed("val" if os.path.isdir(os.path.join(root, "val")) else "test")
        self.pool, self.workers = ProcessPoolExecutor(workers), workers
        pixels = self.read(self.train, None)
        self.mean, self.std = pixels.mean((0, 1, 2), dtype=np.float64), pixels.std((0, 1, 2), dtype=np.float64)

    def read(self, samples, seed):
        jobs = [(path, self.side, self.whole, None if seed is None else (seed, i)) for i, (path, _) in enumerate(samples)]
        return np.stack(list(self.pool.map(read_photo, jobs, chunksize=max(1, len(jobs) // self.workers))))

    def batch(self, samples, seed, jitter=None):
        pixels = self.read(samples, seed)
        x = ((jitter_colors(pixels, jitter) if jitter else pixels) - self.mean) / self.std
        return torch.from_numpy(x.astype(np.float32)).permute(0, 3, 1, 2), torch.tensor([k for _, k in samples])


def read_photo(job):
    """One photo, [side, side, 3] u8; seed None: the middle, or the whole."""
    from PIL import Image, ImageOps
    path, side, whole, seed = job
    photo = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    w, h = photo.size
    short = max(1, min(w, h) * 7 // 8)
    box, mirror = (0, 0, w, h) if whole else ((w - short) // 2, (h - short) // 2, short, short), False
    if seed is not None:
        random = np.random.default_rng(seed)
        mirror = random.random() < 0.5
        box = ((w - min(w, h)) // 2, (h - min(w, h)) // 2, min(w, h), min(w, h))
        for _ in range(10):
            longer = math.sqrt(w * h * random.uniform(0.08, 1) / (ratio := random.uniform(3 / 4, 1)))
            sides = [int(longer), int(longer * ratio)]
            bw, bh = sides if random.random() < 0.5 else sides[::-1]
            if 0 < bw <= w and 0 < bh <= h:
                box = (int(random.integers(w - bw + 1)), int(random.integers(h - bh + 1)), bw, bh)
                break
    left, top, bw, bh = box
    photo = np.asarray(photo.resize((side, side), Image.BILINEAR, (left, top, left + bw, top + bh)))
    return photo[:, ::-1] if mirror else photo


def crop_flip(x, pad, border, flip):
    """Each image of its own: random crop from a border of zeros or its reflection; mirrored where `flip`."""
    n, c, h, w = x.shape
    padded = F.pad(x, (pad,) * 4, mode="reflect" if border == "reflect" and pad else "constant")
    dy, dx = torch.randint(0, 2 * pad + 1, (2, n))
    rows = (dy[:, None] + torch.arange(h))[:, None, :, None]
    cols = (dx[:, None] + torch.arange(w))
    cols = torch.where(flip[:, None], cols.flip(1), cols)[:, None, None, :]
    return padded[torch.arange(n)[:, None, None, None], torch.arange(c)[None, :, None, None], rows, cols]


def cut_out(x, side):
    """A square of zeros, the mean, anywhere in each image and partly beyond it."""
    n, _, h, w = x.shape
    inside = lambda size: ((torch.arange(size) - (torch.randint(0, size, (n, 1)) - side // 2)) // side == 0)
    return x.masked_fill((inside(h)[:, :, None] & inside(w)[:, None, :])[:, None], 0.0)


def jitter_colors(photos, shares):
    """Of photos in [0, 255], [n, h, w, 3]: brightness, contrast, saturation times factors from 1 - share to 1 + share, in this order."""
    gray = lambda p: (p * np.array([0.299, 0.587, 0.114])).sum(3, keepdims=True)
    factors = [1 + share * (2 * torch.rand(len(photos), 1, 1, 1).numpy() - 1) for share in shares]
    blend = lambda p, of, f: np.clip(of + (p - of) * f, 0, 255)
    photos = blend(photos.astype(np.float64), 0, factors[0])
    photos = blend(photos, gray(photos).mean((1, 2), keepdims=True), factors[1])
    return blend(photos, gray(photos), factors[2])
