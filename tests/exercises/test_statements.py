import pytest
from django.template import Context, Template

from exercises.content import Standing


def rendered(source: str, **context: object) -> str:
    return Template("{% load statements %}" + source).render(Context(context)).strip()


def test_a_statement_links_to_what_it_rests_on():
    html = rendered("{% statement raw %}", raw="Hold behind the thighs. [ADJ] [F2]")
    assert html.startswith("Hold behind the thighs.")
    assert '<a href="#source-ADJ"><span class="sr">Source </span>ADJ</a>' in html
    assert '<a href="#fact-F2"><span class="sr">Fact </span>F2</a>' in html


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("PROPOSED", "Proposed default; no source fixes it"),
        ("UNSOURCED", "No source found"),
        ("INTERPRETED", "Rebuilt from other sources"),
    ],
)
def test_marks_are_words(mark, words):
    assert words in rendered("{% statement raw %}", raw=f"Ten times. [{mark}]")


def test_a_source_that_is_gone_is_no_link():
    html = rendered("{% statement raw %}", raw="Stop. [GONE]")
    assert "GONE" in html
    assert "<a " not in html


def test_a_statement_cannot_carry_markup():
    html = rendered("{% statement raw %}", raw="<script>alert(1)</script> [ADJ]")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_said_is_what_a_patient_reads():
    assert rendered("{{ raw|said }}", raw="Stop. [ADJ] [UNSOURCED]") == "Stop."


def test_what_is_contested_stands_out():
    tones = {standing: rendered("{{ one|tone }}", one=standing) for standing in Standing}
    assert tones[Standing.CONTESTED] != tones[Standing.SUPPORTED]
    assert len({tones[Standing.CONTESTED], tones[Standing.PARTLY], tones[Standing.UNSOURCED]}) == 3
