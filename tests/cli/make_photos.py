#!/usr/bin/env python3
"""Photos for photos.sh, with nothing but the standard library.

    make_photos.py borders DIR      DIR/{train,val}/{top,bottom,left,right}/*.png: at which border of 32x32 pixels a bright line of 2 is
    make_photos.py turned DIR       DIR/<1 to 8>.png: a bright line at the top in every viewer, stored in each of the 8 orientations of EXIF
    make_photos.py kinds DIR        DIR/a.png, .bmp, .gif, .tif and nameless: one picture of 8 colors
    make_photos.py bombs DIR        DIR/huge.png: 16384x16384 pixels; DIR/scans.jpg: 3000 scans of nothing; DIR/photo.heic
"""
import os
import random
import struct
import sys
import zlib

SIDE = 32


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def png(h, w, bits, color, rows, chunks=()):
    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, color, 0, 0, 0)) + b"".join(
        part(*c) for c in chunks) + part(b"IDAT", zlib.compress(b"".join(b"\0" + r for r in rows))) + part(b"IEND", b"")


def rgb_png(pixels, chunks=()):
    return png(len(pixels), len(pixels[0]), 8, 2, [b"".join(map(bytes, row)) for row in pixels], chunks)


def border(rng, where):
    bright = {"top": lambda y, x: y < 2, "bottom": lambda y, x: y >= SIDE - 2, "left": lambda y, x: x < 2, "right": lambda y, x: x >= SIDE - 2}[where]
    return [[(230, 230, 230) if bright(y, x) else tuple(rng.randrange(80) for _ in range(3)) for x in range(SIDE)] for y in range(SIDE)]


def stored(seen, orientation):
    """What a file of this orientation holds: where its row 0 and its column 0 are seen."""
    rows = [list(column) for column in zip(*seen)] if orientation >= 5 else seen
    if orientation in (3, 4, 6, 7):
        rows = rows[::-1]
    return [row[::-1] for row in rows] if orientation in (2, 3, 7, 8) else rows


def turned(seen, orientation):
    exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    return rgb_png(stored(seen, orientation), [(b"eXIf", exif)])


def bmp(pixels):
    h, w = len(pixels), len(pixels[0])
    rows = b"".join((b"".join(bytes(p[::-1]) for p in row) + b"\0" * 3)[:(3 * w + 3) // 4 * 4] for row in pixels[::-1])
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 54 + len(rows), 0, 54, 40, w, h, 1, 24, 0, 0, 0, 0, 0, 0) + rows


def gif(pixels):
    """Codes of 4 bits, cleared before they grow."""
    colors = sorted({p for row in pixels for p in row})
    codes = []
    for i, p in enumerate(p for row in pixels for p in row):
        codes += ([8] if i % 6 == 0 else []) + [colors.index(p)]
    codes += [9] + [0] * (len(codes) % 2 == 0)
    data = bytes(codes[i] | codes[i + 1] << 4 for i in range(0, len(codes), 2))
    blocks = b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255))
    palette = b"".join(bytes(c) for c in colors + [(0, 0, 0)] * (8 - len(colors)))
    h, w = len(pixels), len(pixels[0])
    return b"GIF89a" + struct.pack("<HHBBB", w, h, 0x92, 0, 0) + palette + b"," + struct.pack("<HHHHB", 0, 0, w, h, 0) + b"\3" + blocks + b"\0;"


def tiff(pixels):
    h, w = len(pixels), len(pixels[0])
    data = b"".join(bytes(p) for row in pixels for p in row)
    tags = [(256, 3, 1, w), (257, 3, 1, h), (258, 3, 3, 8 + len(data)), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, 3),
            (278, 3, 1, h), (279, 4, 1, len(data))]
    return b"II*\0" + struct.pack("<I", 14 + len(data)) + data + struct.pack("<HHH", 8, 8, 8) + struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHII", *tag) for tag in tags) + b"\0" * 4


def jpeg_of_scans(side, scans):
    """Grey, progressive; each scan but the first says in a few bytes that it has nothing to say."""
    def part(marker, data):
        return bytes([255, marker]) + struct.pack(">H", len(data) + 2) + data
    blocks = (side // 8)**2
    head = b"\xff\xd8" + part(0xdb, b"\0" + b"\1" * 64) + part(0xc2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    head += part(0xc4, b"\0" + bytes([1] + [0] * 15) + b"\0") + part(0xc4, b"\x10" + bytes([1] + [0] * 15) + b"\xe0")
    text = "".join("0" + "1" * 14 for _ in range(blocks // 32767 + 1))
    text += "1" * (-len(text) % 8)
    coded = b"".join(bytes([v]) + (b"\0" if v == 255 else b"") for v in int(text, 2).to_bytes(len(text) // 8, "big"))
    first = part(0xda, b"\1\1\0\0\0\0") + b"\0" * ((blocks + 7) // 8)
    return head + first + (part(0xda, b"\1\1\0\1\x3f\0") + coded) * scans + b"\xff\xd9"


def main():
    kind, folder = sys.argv[1:]
    rng = random.Random(1)
    if kind == "borders":
        for split, count in (("train", 24), ("val", 6)):
            for where in ("top", "bottom", "left", "right"):
                for i in range(count):
                    write(f"{folder}/{split}/{where}/{i}.png", rgb_png(border(rng, where)))
    elif kind == "turned":
        for orientation in range(1, 9):
            write(f"{folder}/{orientation}.png", turned(border(rng, "top"), orientation))
    elif kind == "kinds":
        pixels = [[tuple(rng.choice((40, 200)) for _ in range(3)) for _ in range(37)] for _ in range(29)]
        for name, data in (("a.png", rgb_png(pixels)), ("a.bmp", bmp(pixels)), ("a.gif", gif(pixels)), ("a.tif", tiff(pixels)), ("nameless", bmp(pixels))):
            write(f"{folder}/{name}", data)
    else:
        write(f"{folder}/huge.png", png(16384, 16384, 1, 0, [bytes(2048)] * 16384))
        write(f"{folder}/scans.jpg", jpeg_of_scans(2048, 3000))
        write(f"{folder}/photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")


if __name__ == "__main__":
    main()
