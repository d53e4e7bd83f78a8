"""Turns a handout into a PDF: tagged, with fonts for Latin, Greek, Cyrillic, Arabic and Han."""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import typst
from fontTools.ttLib import TTFont

from clinics.text import one_line

TEMPLATE = Path(__file__).with_name("handout.typ")
RECORD = Path(__file__).with_name("record.typ")
MONITORING = Path(__file__).with_name("monitoring.typ")
REPORT = Path(__file__).with_name("report.typ")
# In the order in which a letter is looked for; the bolder cuts lie beside each file.
FONTS = {
    "Source Sans Pro": "font_source_sans_pro/files/SourceSansPro-Regular.ttf",
    "Noto Sans Arabic": "fontpkg_noto_sans_arabic/files/NotoSansArabic[wdth,wght].ttf",
    "Noto Sans CJK SC": "noto_cjk_sans_otc/NotoSansCJK-Regular.ttc",
}
NO_SHAPE = "□"


def pdf(handout: dict[str, Any]) -> bytes:
    """The handout as PDF/UA-1. It is passed as data, so nothing in it is run as markup."""
    return cast("bytes", compiler(handout).compile(format="pdf", pdf_standards="ua-1"))


def record_pdf(record: dict[str, Any]) -> bytes:
    """A patient's whole record as PDF/UA-1."""
    return _set(RECORD, record=record)


def report_pdf(report: dict[str, Any]) -> bytes:
    """A progress report as PDF/UA-1."""
    return _set(REPORT, report=report)


def _set(template: Path, **data: dict[str, Any]) -> bytes:
    inputs = {
        name: json.dumps(_printable(value) | {"fonts": list(FONTS)}) for name, value in data.items()
    }
    setting = typst.Compiler(template, font_paths=_fonts(), sys_inputs=inputs)
    return cast("bytes", setting.compile(format="pdf", pdf_standards="ua-1"))


def monitoring_pdf(month: dict[str, Any]) -> bytes:
    """The records of monitoring of one month as PDF/UA-1."""
    data = json.dumps(_printable(month) | {"fonts": list(FONTS)})
    setting = typst.Compiler(MONITORING, font_paths=_fonts(), sys_inputs={"month": data})
    return cast("bytes", setting.compile(format="pdf", pdf_standards="ua-1"))


def compiler(handout: dict[str, Any]) -> typst.Compiler:
    """The template with this handout as its data, ready to be set."""
    data = json.dumps(_printable(handout) | {"fonts": list(FONTS)})
    return typst.Compiler(TEMPLATE, font_paths=_fonts(), sys_inputs={"handout": data})


def letters_without_shape(text: str) -> str:
    """The letters and signs that no font here can draw, each once."""
    unusual = {char for char in one_line(text) if not char.isascii()}
    return "".join(sorted(unusual - _shapes())) if unusual else ""


def _printable(value: Any) -> Any:
    """The same data without what nobody can see, and with a box for what no font can draw."""
    if isinstance(value, dict):
        return {name: _printable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_printable(inner) for inner in value]
    if isinstance(value, str):
        line = one_line(value)
        return line.translate({ord(char): NO_SHAPE for char in letters_without_shape(line)})
    return value


def _paths() -> list[Path]:
    packages = (name.split("/", 1) for name in FONTS.values())
    return [Path(str(files(package).joinpath(file))) for package, file in packages]


@cache
def _fonts() -> typst.Fonts:
    folders = [path.parent for path in _paths()]
    # Only these, so that a handout looks the same on every machine.
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


@cache
def _shapes() -> frozenset[str]:
    known: set[str] = set()
    for path in _paths():
        with TTFont(path, fontNumber=0, lazy=True) as font:
            known |= set(map(chr, font.getBestCmap()))
    return frozenset(known)
