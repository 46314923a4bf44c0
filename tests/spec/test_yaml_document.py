"""YAML text → values: YAML 1.2 numbers, and an error with its line for every trap."""

import math

import pytest

from sgdode.errors import SpecError
from sgdode.spec.yaml_document import parse, parse_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E6", 1e6),
        ("010", 10),
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("~", None),
        ("", None),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("'1'", "1"),
        ("[1, 2.5]", [1, 2.5]),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("0x10", 16),
        ("+3", 3),
        (".5", 0.5),
        ("5.", 5.0),
    ],
)
def test_scalars_follow_yaml_1_2(text, value):
    assert parse_value(text, "--set") == value


def test_places_are_lines():
    document = parse("a: 1\nb:\n  c: 2\n  d: {e: 3}\n", "f.yaml")
    assert document.place(("b", "c")) == "f.yaml:3"
    assert document.place(("b", "d", "e", "absent")) == "f.yaml:4"
    assert document.place(("absent",)) == "f.yaml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "f:1: not a mapping"),
        ("just text", "f:1: not a mapping"),
        ("a: 1\na: 2", "f:2: a: this key is given twice (first at line 1)"),
        ("a:\n  b: 1\n  b: 2", "f:3: a.b: this key is given twice (first at line 2)"),
        ("a: *x", "the alias *x has no anchor"),
        ("a: &a [*a]", "the alias *a has no anchor"),
        ("a: !!python/object/apply:os.system [ls]", "is not allowed"),
        ("? [1, 2]\n: 3", "a key must be a plain word"),
        ("a: " + "[" * 40, "nested more than"),
        ("[" * 100_000, "f:1: "),
        ("a: [1, 2", "not valid YAML"),
        ("a: 1\n---\nb: 2", "f:2: a second YAML document"),
        ("a: 1\n\tb: 2", "f:2: not valid YAML"),
        ("a: \x00", "not valid YAML"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_errors_name_the_place(text, message):
    with pytest.raises(SpecError) as caught:
        parse(text, "f")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb:\n\tc: 2\n", 3),
        ("a: 1\nb:\n  \tc: 2\n", 3),
        ("a: 1\n\tb: 2\n", 2),
        ("a:\n  - 1\n\t- 2\n", 3),
        ("\ta: 1\n", 1),
        ("a:\n  -\tb: 1\n\t c: 2\n", 2),
    ],
)
def test_a_tab_that_indents_is_named(text, line):
    with pytest.raises(SpecError, match=rf"^f.yaml:{line}: not valid YAML: a tab: indent with spaces$"):
        parse(text, "f.yaml")


def test_a_tab_elsewhere_is_not_blamed():
    assert parse("a:\t1  \t# one\n", "f.yaml").values == {"a": 1}
    with pytest.raises(SpecError) as caught:
        parse("a:\t1\nb: [1\n", "f.yaml")
    assert "a tab" not in str(caught.value)


def test_alias_bomb_is_refused():
    lines = ["a: &a [1,2,3,4,5,6,7,8,9]"]
    lines += [f"{c}: &{c} [{','.join(['*' + p] * 9)}]" for p, c in zip("abcdefgh", "bcdefghi", strict=True)]
    with pytest.raises(SpecError, match="aliases repeat"):
        parse("\n".join(lines), "f")


def test_empty_document_is_an_empty_mapping():
    assert parse("", "f").values == {}
    assert parse("# nothing\n", "f").values == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dimension:100\nteacher: {width: 2}\n", "s:1: not valid YAML: a space is missing: write `dimension: 100`"),
        ("a: 1\nteacher: width: 2\n", "s:2: not valid YAML: .*; write one `key: value` a line"),
        ("a: {width: 2\n", "not valid YAML: .*; a bracket is not closed"),
    ],
)
def test_the_parser_comes_with_advice(text, told):
    with pytest.raises(SpecError, match=told):
        parse(text, "s")
