"""Draw every figure into var/figures, to be looked at: python -m scripts.figures"""

import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from exercises.content import ExerciseRecord, load_exercises
from exercises.figures import drawing
from scripts import browser

ROOT = Path(__file__).resolve().parent.parent
INTO = ROOT / "var" / "figures"
WIDTHS = (120, 320, 800)
STYLES = ("base", "figures")


def main() -> None:
    INTO.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.find(), args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            page = chromium.new_page(color_scheme=scheme)
            for record in load_exercises():
                for width in WIDTHS:
                    page.set_viewport_size({"width": 3 * width + 64, "height": 200})
                    page.set_content(_sheet(record, width))
                    path = INTO / f"{record.code}-{width}-{scheme}.png"
                    page.screenshot(path=path, full_page=True)
        chromium.close()
    print(f"Figures are in {INTO.relative_to(ROOT)}")


def _sheet(record: ExerciseRecord, width: int) -> str:
    """A page with one row for each version, one picture for each moment."""
    styles = "".join((ROOT / f"static/css/{name}.css").read_text() for name in STYLES)
    styles += ".strip { display: flex; gap: 16px; margin: 8px }"
    styles += f".strip > * {{ flex: none; width: {width}px }}"
    rows = "".join(
        f'<h2>{scene.get("words", record.name)}</h2><div class="strip">{"".join(_row(scene))}</div>'
        for scene in (record.figure, *record.figure["stages"])
    )
    return f'<!doctype html><meta charset="utf-8"><style>{styles}</style>{rows}'


def _row(scene: drawing.Scene) -> Iterator[str]:
    shares = (0, 0.5, 1) if "end" in scene else (0,)
    for share in shares:
        yield f"<div>{drawing.on_the_way(scene, share)}</div>"


if __name__ == "__main__":
    try:
        main()
    except browser.NoBrowserError as error:
        sys.exit(str(error))
