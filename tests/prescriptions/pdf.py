"""Reads the words of a PDF back, by the maps from shapes to letters that it carries."""

import re
import zlib

OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*?)\nendstream", re.DOTALL)
# Round brackets that match need no escape inside a string.
INNER = r"(?:\\.|[^\\()])*"
STRING = rf"\(({INNER}(?:\({INNER}\){INNER})*)\)"
TOKEN = re.compile(
    rf"/(f\d+) [\d.]+ Tf|{STRING}|<([0-9a-fA-F]*)>|(ET)".encode(),
    re.DOTALL,
)
ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def words_of(pdf: bytes) -> str:
    """All text in the order of the pages' content, with single spaces."""
    objects = dict(OBJECT.findall(pdf))
    said = [
        _said(_stream(objects[content]), _fonts(objects, resources))
        for resources, content in _pages(objects)
    ]
    return " ".join(" ".join(said).split())


def pages_of(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of each page in points."""
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return [(float(width), float(height)) for width, height in boxes]


def _stream(body: bytes) -> bytes:
    found = STREAM.search(body)
    if not found:
        return b""
    return zlib.decompress(found[1]) if b"/FlateDecode" in body else found[1]


def _pages(objects: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    pages = [body for body in objects.values() if re.search(rb"/Type ?/Page\b", body)]
    parts = [re.search(rb"/Resources (\d+) 0 R.*/Contents (\d+) 0 R", page) for page in pages]
    return [(objects[part[1]], part[2]) for part in parts]


def _fonts(objects: dict[bytes, bytes], resources: bytes) -> dict[bytes, dict[int, str]]:
    """For each font of a page: which letters its codes stand for."""
    fonts = re.findall(rb"/(f\d+) (\d+) 0 R", resources)
    return {name: _letters(objects, key) for name, key in fonts}


def _letters(objects: dict[bytes, bytes], font: bytes) -> dict[int, str]:
    key = re.search(rb"/ToUnicode (\d+) 0 R", objects[font])[1]
    pairs = re.findall(rb"^<([0-9a-fA-F]+)> <([0-9a-fA-F]+)>$", _stream(objects[key]), re.MULTILINE)
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def _said(stream: bytes, letters: dict[bytes, dict[int, str]]) -> str:
    said, font = [], {}
    for name, literal, hexed, end in TOKEN.findall(stream):
        if name:
            font = letters[name]
        elif end:
            said.append(" ")
        else:
            codes = bytes.fromhex(hexed.decode()) if hexed else _unescaped(literal)
            pairs = zip(codes[::2], codes[1::2], strict=False)
            said += [font.get(high * 256 + low, "") for high, low in pairs]
    return "".join(said)


def _unescaped(literal: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return bytes([int(found[1], 8)])
        return ESCAPES.get(found[2], found[2])

    return re.sub(rb"\\(?:([0-7]{1,3})|(.))", one, literal, flags=re.DOTALL)
