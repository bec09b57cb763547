"""Parsing of arithmetic: common notations, ambiguous ones, and the messages about the rest."""

import ast
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.agent.tools import expression
from app.services.agent.tools.base import ModelRetry, quoted
from app.services.agent.tools.expression import parse, written
from tests.factories import properties
from tests.services.agent.arithmetic import binary, call, negated, number

TREE = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.operator, ast.USub, ast.Load)


def refused(text: str) -> str:
    with pytest.raises(ModelRetry) as caught:
        parse(text)
    return str(caught.value)


def as_text(text: str) -> str:
    return written(parse(text).node)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("5", "5"),
        (" 5 ", "5"),
        (".5 + 5.", ".5 + 5."),
        ("1e3 - 2.5E-2", "1e3 - 2.5E-2"),
        ("1+2*3", "1 + 2 * 3"),
        ("(1+2)*3", "(1 + 2) * 3"),
        ("1-(2-3)", "1 - (2 - 3)"),
        ("(1-2)-3", "1 - 2 - 3"),
        ("8/(4/2)", "8 / (4 / 2)"),
        ("2**3**2", "2 ** 3 ** 2"),
        ("(2**3)**2", "(2 ** 3) ** 2"),
        ("2^3", "2 ** 3"),
        ("-2^2", "-2 ** 2"),
        ("(-2)^2", "(-2) ** 2"),
        ("2**-1", "2 ** (-1)"),
        ("+5 - -3", "5 - (-3)"),
        ("--3", "-(-3)"),
        ("5 × 3 · 2 ÷ 4", "5 * 3 * 2 / 4"),
        ("5 − 3 – 1", "5 - 3 - 1"),
        ("SQRT(4) + Max(1, 2,3)", "sqrt(4) + max(1, 2, 3)"),
        ("2*π", "2 * pi"),
        ("7 % 3", "7 % 3"),
        ("7 % (-3)", "7 % (-3)"),
        ("7 % sqrt(4)", "7 % sqrt(4)"),
        ("7%pi", "7 % pi"),
        ("2+2=", "2 + 2"),
        ("2+2 = ?", "2 + 2"),
        ("2+2 =? ", "2 + 2"),
        ("2+2?", "2 + 2"),
        ("1\n+\t2", "1 + 2"),
        ("round(2.5, 1)", "round(2.5, 1)"),
    ],
)
def test_plain(text: str, read: str) -> None:
    reading = parse(text)
    assert (written(reading.node), reading.ambiguous) == (read, False)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1,234.5", "1234.5"),
        ("12,345,678 / 2", "12345678 / 2"),
        ("(1,234)", "1234"),
        ("max(1,234)", "max(1, 234)"),
        ("max((2), 1,234)", "max(2, 1, 234)"),
        ("max(1, 2) + 1,234", "max(1, 2) + 1234"),
        ("$5 + € .5 - £1,000", "5 + .5 - 1000"),
        ("15%", "15 / 100"),
        ("(10 + 5)%", "(10 + 5) / 100"),
        ("5% - 2", "5 / 100 - 2"),
        ("7 % -3", "7 / 100 - 3"),
        ("(5%)", "5 / 100"),
        ("max(5%, 3)", "max(5 / 100, 3)"),
        ("-15%", "-(15 / 100)"),
        ("2 ^ 50%", "2 ** (50 / 100)"),
        ("50%^2", "(50 / 100) ** 2"),
        ("200 + 10%", "200 + 10 / 100"),
        ("20% of 50", "20 / 100 * 50"),
        ("20 % OF 50", "20 / 100 * 50"),
        ("100 / 20% of 50", "100 / (20 / 100 * 50)"),
        ("10% of 20% of 50", "10 / 100 * (20 / 100) * 50"),
        ("3 x 4", "3 * 4"),
        ("3x4X5", "3 * 4 * 5"),
        ("(3)x(4)", "3 * 4"),
        ("3 x $4", "3 * 4"),
        ("3 x sqrt(4) x pi x 2", "3 * sqrt(4) * pi * 2"),
        ("20% x .5", "20 / 100 * .5"),
    ],
)
def test_ambiguous(text: str, read: str) -> None:
    reading = parse(text)
    assert (written(reading.node), reading.ambiguous) == (read, True)


def test_the_tree() -> None:
    one, two = number("1"), number("2")
    tree = binary("+", negated(one), call("max", two, binary("*", one, two)))
    assert ast.dump(parse("-1 + max(2, 1 * 2)").node) == ast.dump(tree)


def test_nothing_but_arithmetic_is_in_a_tree() -> None:
    """Whatever is read: no name but a function's, no attribute, no literal but a number in digits."""
    text = "-1,234.5 + 1e2 + max(20% of π, 2 x (3 − 4), sqrt(4) ^ 2) % 7 / 3"
    for node in ast.walk(parse(text).node):
        assert isinstance(node, TREE)
        if isinstance(node, ast.Constant):
            assert isinstance(node.value, str)
            assert node.value == "pi" or float(node.value) >= 0


REFUSED = [
    ("", "The expression is empty"),
    ("=", "The expression is empty"),
    ("5 km + 3 km", "Units and words such as “km”"),
    ("5 apples", "Units and words such as “apples”"),
    ("5% increase", "Units and words such as “increase”"),
    ("1_000", "Units and words such as “_000”"),
    ("5 x -3", "Units and words such as “x”"),
    ("2x + 3", "Units and words such as “x”"),
    ("five plus three", "Variables and numbers in words, such as “five”"),
    ("n*2", "Variables and numbers in words, such as “n”"),
    ("x * 3", "Variables and numbers in words, such as “x”"),
    ("3 plus 4", "Words such as “plus” are not understood: write + instead."),
    ("20 percent of 50", "Words such as “percent” are not understood: write % instead."),
    ("x = 3", "Nothing can be assigned, as in “x = 3”"),
    ("2 + 2 = 4", "No equation can be computed, as from “= 4” on"),
    ("=5+3", "No equation can be computed, as from “=5+3” on"),
    ("round(2, n=1)", "No equation can be computed, as from “=1)” on"),
    ("3 == 3", "Nothing can be compared, as by “==”"),
    ("3 < 4", "Nothing can be compared, as by “<”"),
    ("3 != 4", "Nothing can be compared, as by “!=”"),
    ("math.sqrt(2)", "Nothing has attributes such as “.sqrt”"),
    ("5.real", "Nothing has attributes such as “.real”"),
    ("'5'", "Text in quotes, as from “'5'” on"),
    ("`5`", "Text in quotes, as from “`5`” on"),
    ("[1, 2]", "Brackets such as “[”"),
    ("{1}", "Brackets such as “{”"),
    ("(1 + 2", "The parenthesis of “(1 + 2” is never closed"),
    ("sqrt(2", "The parenthesis of “(2” is never closed"),
    ("1 + 2)", "A “)” closes nothing, at “+ 2)”"),
    (")", "A “)” closes nothing, at “)”"),
    ("()", "Nothing stands within the parentheses in “()”"),
    ("5 +", "A number is missing at the end, behind “+”"),
    ("* 5", "A number is missing before “*”"),
    ("5 + * 3", "A number is missing between “+” and “*”"),
    ("(5 + )", "A number is missing between “+” and “)”"),
    ("max(1,,2)", "A number is missing between “,” and “,”"),
    ("15%% 4", "A number is missing between “%” and “%”"),
    ("15%%", "A number is missing between “%” and “%”"),
    ("5 *** 3", "A number is missing between “**” and “*”"),
    ("1 2", "No operator stands between “1” and “2” in “1 2”"),
    ("1.2.3", "No operator stands between “1.2” and “.3”"),
    ("2(3 + 4)", "No operator stands between “2” and “(” in “2(3 + 4)”"),
    ("(2)(3)", "No operator stands between “)” and “(”"),
    ("2pi", "No operator stands between “2” and “pi”"),
    ("12,5", "A comma has no meaning at “12,5”"),
    ("0,123", "A comma has no meaning at “0,123”"),
    ("1,23,456", "A comma has no meaning at “1,23,456”"),
    ("1, 234", "A comma has no meaning at “1, 234”"),
    ("max((1,234), 5)", "A comma has no meaning at “(1,234), 5)”"),
    ("sqrt", "sqrt needs its argument in parentheses: write sqrt(2)."),
    ("sqrt 4", "sqrt needs its argument in parentheses"),
    ("sqrt()", "sqrt takes one argument, not 0 as in “sqrt()”"),
    ("min()", "min takes one argument or more, not 0"),
    (
        "sqrt(1,234)",
        "sqrt takes one argument, not 2 as in “sqrt(1,234)”: write numbers within a function",
    ),
    ("round(1, 2, 3)", "round takes one argument or two, not 3"),
    ("log(8, 2)", "log takes one argument, not 2 as in “log(8, 2)”: write log(8) / log(2)"),
    ("ln(5)", "There is no function “ln”: there are sqrt, abs"),
    ("7 // 2", "“//” is not understood: write floor(7 / 2)"),
    ("0x1F", "Only decimal numbers are understood, not “0x1F”"),
    ("$(5)", "The currency sign “$” stands before no number"),
    ("5 €", "The currency sign “€” stands before no number"),
    ("0.5 of 50", "“of” may only stand behind a percentage, not in “0.5 of 50”"),
    ("5²", "“²” is no plain digit"),
    ("½", "“½” is no plain digit"),
    ("１２", "“１” is no plain digit"),
    ("1٢", "“٢” is no plain digit"),
    ("5!", "The character “!” is not understood"),
    ("1\x002", "The character “\\u0000” is not understood"),
    ("1 \u200b", "The character “\\u200b” is not understood"),
    ("\\frac", "The character “\\” is not understood"),
    ("1e101", "The number “1e101” is too large: 1e+100 is the most"),
    ("1e-999", "The number “1e-999” is too small"),
    ("9" * 150, f"The number “{'9' * 29}…” is too large"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_refused(text: str, said: str) -> None:
    message = refused(text)
    assert message.startswith(said)
    assert message.endswith(".")


class TestBounds:
    def test_length(self) -> None:
        assert as_text("1" * 100 + " " * 300) == "1" * 100
        assert as_text("0" * expression.MAX_LENGTH) == "0" * expression.MAX_LENGTH
        assert refused("1" * 201) == (
            "The expression has 201 characters, 200 are the most: compute it in parts."
        )

    @pytest.mark.parametrize(
        ("before", "after"), [("(", ")"), ("-", ""), ("+", ""), ("2**", ""), ("abs(", ")"), ("-(", ")")]
    )
    def test_depth(self, before: str, after: str) -> None:
        most = expression.MAX_DEPTH // (2 if before == "-(" else 1)
        parse(before * most + "1" + after * most)
        assert refused(before * (most + 1) + "1" + after * (most + 1)).startswith(
            "More than 20 parentheses, signs or exponents stand within each other"
        )

    def test_operations(self) -> None:
        most = expression.MAX_OPERATIONS
        parse("1" + "+1" * (most - 1))
        parse("1%" + "+1%" * (most // 2 - 1))
        too_many = "The expression has more than 100 operations: compute it in parts."
        assert refused("1%" + "+1%" * (most // 2)) == too_many
        assert refused("-1" + "--1" * (most // 2)) == too_many

    @properties
    @given(st.sampled_from("(-+2*^%,x$1.= aof)"), st.sampled_from("(-+2*^%,x$1.= aof)"))
    def test_no_depth_is_too_much(self, one: str, other: str) -> None:
        for text in (one * 200, (one + other) * 100, one * 100 + other * 100):
            with suppress(ModelRetry):
                parse(text)


NUMBERS = st.integers(0, 10**6).map(str).map(number)
NODES: st.SearchStrategy[ast.expr] = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        inner.map(negated),
        st.builds(binary, st.sampled_from(["+", "-", "*", "/", "%", "**"]), inner, inner),
        st.builds(call, st.sampled_from(["sqrt", "abs", "exp"]), inner),
        st.tuples(st.sampled_from(["min", "max"]), st.lists(inner, min_size=1, max_size=3)).map(
            lambda made: call(made[0], *made[1])
        ),
    ),
    max_leaves=8,
)


@properties
@given(NODES)
def test_what_is_written_reads_as_the_same(node: ast.expr) -> None:
    text = written(node)
    if len(text) <= expression.MAX_LENGTH:
        assert ast.dump(parse(text).node) == ast.dump(node)


@properties
@given(st.text(st.characters(), max_size=80))
def test_quotes_are_short_and_can_be_stored(text: str) -> None:
    shown = quoted(text)
    assert shown.isprintable()
    assert len(shown) <= 2 + 30 * len("\\u10ffff")
    shown.encode()
