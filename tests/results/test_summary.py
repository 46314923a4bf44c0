"""A result at a prompt and in a notebook: short, and its text is no HTML."""

from support.pictures import run, sgd

from sgdode.results.summary import as_html, short


def test_a_result_in_a_few_lines():
    assert short(sgd()).splitlines()[:2] == [
        "<Trajectory 'plateau': simulation (exact), complete",
        "  8 seeds, 61 times, t = 0 to 1000",
    ]
    assert len(repr(run())) < 400
    odd = run()
    odd.attributes["name"], odd.warnings = "<script>\x1b", ["a & b"]
    assert "<script>" not in as_html(odd)
    assert "\x1b" not in as_html(odd) + repr(odd)
    assert "a &amp; b" in odd._repr_html_()
    assert "student.width" in as_html(odd)
