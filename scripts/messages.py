"""The words of the portal and their translations: python -m scripts.messages extract|check|compile

`extract` finds every marked word and brings the catalogues up to date; `check` says what is wrong
with them; `compile` writes the binary form that Django reads. Both forms are kept in the
repository, so that a clinic needs no tool to run the portal.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
APPS = ("clinics", "exercises", "patients", "prescriptions", "portal")
LOCALE = ROOT / "portal" / "locale"
# Unicode's plural forms of each language, as gettext writes them.
LANGUAGES = {
    "es": "nplurals=2; plural=(n != 1);",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3"
    " : n%100>=11 && n%100<=99 ? 4 : 5);",
}
# The pages that patients see; what staff alone see is not translated.
TEMPLATES = (
    "base.html",
    "patient.html",
    "portal/**/*",
    "parts/*",
    "bearing/**/*",
    "exercises/_figure.html",
    "exercises/_contested.html",
    "exercises/_education_sections.html",
    "exercises/_review.html",
    "exercises/_sources.html",
)
CALLS = {"_", "gettext", "gettext_lazy", "translatable", "ngettext", "pgettext", "pgettext_lazy"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|</?\w+[^>]*>")
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""


def extracted() -> Catalog:
    """Every marked word of the code and of the patients' pages."""
    found = Catalog(charset="utf-8")
    for path in _sources():
        for call, words in _calls(path):
            context = words.pop(0) if call.startswith("pgettext") else None
            words = words[: 2 if call == "ngettext" else 1]
            if all(words):
                id = tuple(words) if call == "ngettext" else words[0]
                found.add(id, locations=[(str(path.relative_to(ROOT)), 1)], context=context)
    return found


def catalogue(language: str) -> Catalog:
    """The translations as they are kept; none where there is no file yet."""
    path = _path(language, "po")
    with path.open("rb") if path.exists() else BytesIO() as file:
        return read_po(file, locale=language)


def compiled(catalogue: Catalog) -> bytes:
    """The binary form of a catalogue, which Django reads."""
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def problems(language: str) -> Iterator[str]:
    """What is wrong with a catalogue, each in a sentence."""
    wanted, kept = extracted(), catalogue(language)
    said, known = set(_keys(wanted)), set(_keys(kept))
    yield from (f"not in the catalogue, run extract: {key}" for key in said - known)
    yield from (f"said nowhere any more, run extract: {key}" for key in known - said)
    for message in _messages(kept):
        yield from (f"{wrong}: {message.id}" for wrong in _wrong(message, _forms(language)))
    # Compared by what they say: the header carries the version of the tool.
    if _strings(_path(language, "mo").read_bytes()) != _strings(compiled(kept)):
        yield "the binary form is not of this catalogue, run compile"


def extract() -> None:
    """Bring every catalogue up to date; what is said nowhere any more is dropped."""
    wanted = extracted()
    for language, plural_forms in LANGUAGES.items():
        kept, new = catalogue(language), Catalog(locale=language, charset="utf-8")
        for message in _messages(wanted):
            known = kept.get(message.id, message.context)
            nothing = [""] * _forms(language) if message.pluralizable else ""
            string = known.string if known else nothing
            new.add(message.id, string, message.locations, context=message.context)
        out = BytesIO()
        write_po(out, new, width=100, omit_header=True, sort_output=True, include_lineno=False)
        header = HEADER.format(language=language, plural_forms=plural_forms)
        path = _path(language, "po")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(header + out.getvalue().decode())


def compile() -> None:
    for language in LANGUAGES:
        _path(language, "mo").write_bytes(compiled(catalogue(language)))


def _sources() -> list[Path]:
    code = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    pages = [path for pattern in TEMPLATES for path in (ROOT / "templates").glob(pattern)]
    return sorted(path for path in [*code, *pages] if path.suffix in {".py", ".html", ".txt"})


def _calls(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The calls that mark words in a file, each with its words."""
    text = path.read_text()
    if path.suffix != ".py":
        # Its tags become calls; with their indent they would not be Python.
        text = "\n".join(line.lstrip() for line in templatize(text).splitlines())
    file = BytesIO(text.encode())
    for _, call, words, _ in extract_python(file, dict.fromkeys(CALLS), [], {"encoding": "utf-8"}):
        yield call, list(words) if isinstance(words, tuple) else [words]


def _path(language: str, form: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"django.{form}"


def _forms(language: str) -> int:
    """How many plural forms a language has."""
    return int(LANGUAGES[language].removeprefix("nplurals=").partition(";")[0])


def _messages(catalogue: Catalog) -> list[Message]:
    """All but the header."""
    return [message for message in catalogue if message.id]


def _keys(catalogue: Catalog) -> Iterator[tuple]:
    """The context and the English words of each message."""
    return ((message.context, *_as_list(message.id)) for message in _messages(catalogue))


def _strings(binary: bytes) -> dict[tuple, list[str]]:
    """What a binary form says."""
    read = read_mo(BytesIO(binary))
    return {
        key: _as_list(message.string)
        for key, message in zip(_keys(read), _messages(read), strict=True)
    }


def _wrong(message: Message, forms: int) -> Iterator[str]:
    strings = _as_list(message.string)
    if message.fuzzy:
        yield "not sure of the translation"
    if not all(string.strip() for string in strings):
        yield "not translated"
        return
    if message.pluralizable and len(strings) != forms:
        yield f"{len(strings)} plural forms, not {forms}"
    said = [Counter(PLACEHOLDER.findall(text)) for text in _as_list(message.id)]
    for string in strings:
        found = Counter(PLACEHOLDER.findall(string))
        # The number itself may be a word in a plural form: one hour, two hours.
        if not (found in said or (message.pluralizable and found <= said[-1])):
            yield f"placeholders are not those of the English: {string}"


def _as_list(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["extract"]:
            extract()
        case ["compile"]:
            compile()
        case ["check"]:
            found = [f"{code}: {problem}" for code in LANGUAGES for problem in problems(code)]
            print("\n".join(found) or "Every word is translated.")
            return 1 if found else 0
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
