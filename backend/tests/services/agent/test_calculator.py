"""The calculator: values, refusals, and that no text escapes it."""

import ast
import asyncio
import gc
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import numexpr  # type: ignore[import-untyped]
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.services.agent.tools.base import ToolResult
from app.services.agent.tools.calculator import TEMPLATES, Calculator, evaluate, number_text
from app.services.agent.tools.expression import MAX_LENGTH, OPERATORS, written
from tests.factories import properties
from tests.services.agent.arithmetic import binary, call, negated, number

MOST_S = 0.2
many = settings(properties, max_examples=500)


@pytest.fixture(autouse=True, scope="module")
def _spy() -> Iterator[None]:
    """Let numexpr compile nothing but the templates, in any test of this file."""
    real = numexpr.evaluate

    def checked(text: str, *, local_dict: dict[str, float], global_dict: dict[str, object]) -> Any:
        assert text in TEMPLATES.values()
        assert global_dict == {}
        assert set(local_dict) == {"a", "b"}
        assert all(type(value) is float for value in local_dict.values())
        return real(text, local_dict=local_dict, global_dict=global_dict)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numexpr, "evaluate", checked)
        yield


def use(text: str) -> ToolResult:
    """Use the calculator, and bound what it takes of the processor: a busy machine must not matter.

    Nor must the test run's own garbage, which may take longer to collect than any expression.
    """
    gc.disable()
    started = time.thread_time()
    result = asyncio.run(Calculator().execute({"expression": text}))
    taken_s = time.thread_time() - started
    gc.enable()
    assert min(result.duration_s, taken_s) < MOST_S
    assert result.error != "final", result.text
    assert result.success == (result.error is None)
    assert len(result.text) < 1000
    assert result.text.isprintable()
    return result


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(48 / 6) * 2.5", "20"),
        ("0.1 + 0.2", "0.3"),
        ("0.3 - 0.1 - 0.2", "0"),
        ("2 - 3 * 4", "-10"),
        ("1 / 3", "0.333333333333"),
        ("2 / 3 * 1e9", "666666666.667"),
        ("10 ** 15", "1000000000000000"),
        ("2 ** 53 - 1", "9007199254740991"),
        ("2 ** 53", "9007199254740992"),
        ("10 ** 20", "100000000000000000000"),
        ("9007199254740991 - 9007199254740990", "1"),
        ("-2 ^ 2", "-4"),
        ("2 ^ 3 ^ 2", "512"),
        ("4 ** 0.5", "2"),
        ("(-2) ** 3", "-8"),
        ("2 ** -2", "0.25"),
        ("0 ** 0", "1"),
        ("7 % 3", "1"),
        ("-7 % 3", "2"),
        ("7 % (-3)", "-2"),
        ("-7 % (-3)", "-1"),
        ("6 % 3", "0"),
        ("1 % 0.1", "0"),
        ("5.5 % 2", "1.5"),
        ("10000000000000 % 3", "1"),
        ("0 * -1", "0"),
        ("sqrt(16) + abs(-3)", "7"),
        ("floor(-2.5) + ceil(2.1)", "0"),
        ("floor(4.35 * 100)", "435"),
        ("floor(0.99999)", "0"),
        ("round(2.5) + round(3.5)", "6"),
        ("round(2.675, 2)", "2.68"),
        ("round(3.14159, 2)", "3.14"),
        ("round(1250, -2)", "1200"),
        ("round(-7.5, 0)", "-8"),
        ("min(3, 1, 2) + max(3, 1, 2) + max(5)", "9"),
        ("log(exp(2))", "2"),
        ("log10(1000)", "3"),
        ("exp(0)", "1"),
        ("2 * pi", "6.28318530718"),
        ("1" + "+1" * 99, "100"),
        ("2 + 2 = ?", "4"),
        ("15%", "0.15 (read as 15 / 100)"),
        ("20% of 50", "10 (read as 20 / 100 * 50)"),
        ("7 % -3", "-2.93 (read as 7 / 100 - 3)"),
        ("1,234.5 * 2", "2469 (read as 1234.5 * 2)"),
        ("max(1,234)", "234 (read as max(1, 234))"),
        ("3 x $4", "12 (read as 3 * 4)"),
    ],
)
def test_values(text: str, value: str) -> None:
    result = use(text)
    assert (result.text, result.success) == (value, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0", "Division by zero: “0” is 0 in “1 / 0”."),
        ("5 + 1 / (3 - 3) * 2", "Division by zero: “3 - 3” is 0 in “1 / (3 - 3)”."),
        ("1 / (0.3 - 0.1 - 0.2)", "Division by zero: “0.3 - 0.1 - 0.2” is 0"),
        ("5 % 0", "Division by zero: “0” is 0 in “5 % 0”."),
        ("0 ** -1", "Division by zero: a negative power of 0"),
        ("9**9**9", "The exponent in “9 ** 9 ** 9” is 387420489: it must be within ±1000."),
        ("2 ** 1001", "The exponent in “2 ** 1001” is 1001"),
        ("2 ** -1001", "The exponent in “2 ** (-1001)” is -1001"),
        ("(-8) ** (1 / 3)", "There is no real root of a negative number, as in “(-8) ** (1 / 3)”."),
        ("sqrt(-1)", "There is no real root of a negative number, as in “sqrt(-1)”."),
        ("log(0)", "Logarithms are of positive numbers, not of 0 as in “log(0)”."),
        ("log10(2 - 5)", "Logarithms are of positive numbers, not of -3 as in “log10(2 - 5)”."),
        ("10 ** 101", "The result of “10 ** 101” is too large: 1e+100 is the most."),
        ("1e100 * 1e100 * 1e100 * 1e100", "The result of “1e100 * 1e100” is too large"),
        ("1e100 + 1e100", "The result of “1e100 + 1e100” is too large"),
        ("1 / 1e-200", "The result of “1 / 1e-200” is too large"),
        ("0.001 ** -1000", "The result of “0.001 ** (-1000)” is too large"),
        ("exp(1000)", "The result of “exp(1000)” is too large"),
        ("exp(-1000)", "The result of “exp(-1000)” is too small to be told from 0."),
        ("0.001 ** 1000", "The result of “0.001 ** 1000” is too small"),
        ("1e-200 * 1e-200", "The result of “1e-200 * 1e-200” is too small"),
        ("1e-300 / 1e100", "The result of “1e-300 / 1e100” is too small"),
        ("2 ** 60 % 7", "The numbers in “2 ** 60 % 7” are too large for an exact remainder"),
        ("round(5, 1.5)", "The places in “round(5, 1.5)” are 1.5"),
        ("round(5, 13)", "The places in “round(5, 13)” are 13"),
        ("1 / (" + "1 + " * 30 + "0 - 30)", "Division by zero: “1 + 1 +"),
        ("five plus three", "Variables and numbers in words, such as “five”"),
        ("5 +", "A number is missing at the end"),
        ("", "calculator needs its expression: an arithmetic expression"),
        (" \n", "calculator needs its expression: an arithmetic expression"),
        ("1" * 2001, "The expression of calculator is longer than 2,000 characters."),
        ("1" * 1000, "The expression has 1,000 characters, 200 are the most"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    result = use(text)
    assert result.text.startswith(said)
    assert (result.success, result.error) == (False, "retry")
    assert len(result.text) < 250


def test_not_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numexpr, "evaluate", lambda *_, **__: math.nan)
    assert use("1 + 1").text.startswith("The result of “1 + 1” is not a number.")


async def test_arguments_of_other_names() -> None:
    result = await Calculator().execute({"sum": "1 + 1"})
    assert (result.error, result.text) == ("retry", "calculator has no argument 'sum'; there is expression.")


async def test_a_number_as_the_argument() -> None:
    assert (await Calculator().execute({"expression": 12})).text == "12"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "0"),
        (1e-7, "1e-07"),
        (123456.789, "123456.789"),
        (2.0**53, "9.00719925474e+15"),
        (-1.5, "-1.5"),
    ],
)
def test_numbers_as_text(value: float, text: str) -> None:
    assert number_text(value) == text


def test_numexpr_is_loaded_by_the_first_use_alone() -> None:
    program = (
        "import sys, asyncio\n"
        "from app.services.agent.tools.calculator import Calculator\n"
        "assert 'numexpr' not in sys.modules\n"
        "print(asyncio.run(Calculator().execute({'expression': '1 + 1'})).text, 'numexpr' in sys.modules)\n"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "True"]


@pytest.mark.parametrize(
    "text", ["__import__(1)", "__import__('os')", "a", "(1).real", "[1]", "1 < 2", "1 if 1 else 2", "1 @ 2"]
)
def test_a_tree_of_anything_else_has_no_value(text: str) -> None:
    with pytest.raises((TypeError, LookupError, ValueError)):
        evaluate(ast.parse(text, mode="eval").body)


WAYS_OUT = [
    "__import__('os').system('id')",
    "__import__(chr(111)+chr(115))",
    "().__class__",
    "().__class__.__bases__[0].__subclasses__()",
    'open("/etc/passwd")',
    "open(1)",
    "a",
    "a + b",
    "a.__class__",
    "a.real",
    "(1).real",
    "1..__class__",
    "where(1, 2, 3)",
    "sum(1)",
    "arctan2(1, 2)",
    "contains(1, 1)",
    "1 if 1 else 2",
    "lambda: 0",
    "(lambda: 0)()",
    "exec(1)",
    "eval(1)",
    "globals()",
    "[1 for i in 1]",
    "x := 1",
    "1; 2",
    "1 # 2",
    "f'{1}'",
    "0b1",
    "0o7",
    "1j",
    "1e999",
    "1e" + "9" * 150,
    "inf",
    "nan",
    "-inf",
    "infinity",
    "True",
    "None",
    "9" * 199,
    "9" * 1999,
    "(" * 99 + "1" + ")" * 99,
    "(" * 999 + "1" + ")" * 999,
    "-" * 199 + "1",
    "2" + "**2" * 60,
    "9" + "**9" * 15,
    "١٢",
    "１２",
    "1٢",
    "²",
    "１ ＋ １",
    "1\x001",
    "\x00",
    "\ud800",
    "1\u202e+1",
    "1 + 1\\",
    "%s" + "%n",
    "{0.__class__}",
    "${1}",
    "$(id)",
    "`id`",
    "1 | 2",
    "1 & 2",
    "~1",
    "1 << 100",
    "1 @ 1",
]


@pytest.mark.parametrize("text", WAYS_OUT)
def test_ways_out(text: str) -> None:
    result = use(text)
    assert (result.success, result.error) == (False, "retry")
    assert result.text.endswith(".")


ANY = st.text(st.characters(), max_size=300)
ARITHMETIC = st.text("0123456789.,+-*/%^()xXe =?$×÷−πof", max_size=MAX_LENGTH)
PIECES = st.lists(
    st.sampled_from(
        ["1", "2.5", "1,234", "9e99", "0", "+", "-", "*", "/", "%", "**", "(", ")", ",", " x ", " of ", "$"]
        + ["pi", "sqrt(", "abs(", "round(", "floor(", "min(", "max(", "log(", "log10(", "exp(", " "]
    ),
    max_size=60,
).map("".join)


@many
@given(st.one_of(ANY, ARITHMETIC, PIECES))
def test_no_text_breaks_it(text: str) -> None:
    assert use(text).text


# -- against Python -------------------------------------------------------------------------------

INTEGERS = st.integers(0, 1000).map(str).map(number)
DECIMALS = st.decimals(0, 100, places=2).map(str).map(number)
EXPONENTS = st.sampled_from(["0", "1", "2", "3", "0.5"]).map(number)
PLACES = st.sampled_from(["0", "1", "2", "3"]).map(number)
FUNCTIONS = ["sqrt", "abs", "round", "floor", "ceil", "log", "log10", "exp"]


def _larger(inner: st.SearchStrategy[ast.expr]) -> st.SearchStrategy[ast.expr]:
    return st.one_of(
        inner.map(negated),
        st.builds(binary, st.sampled_from(["+", "-", "*", "/", "%"]), inner, inner),
        st.builds(binary, st.just("**"), inner, st.one_of(EXPONENTS, EXPONENTS.map(negated))),
        st.builds(call, st.sampled_from(FUNCTIONS), inner),
        st.builds(call, st.just("round"), inner, PLACES),
        st.builds(call, st.sampled_from(["min", "max"]), inner, inner, inner),
    )


NODES: st.SearchStrategy[ast.expr] = st.recursive(st.one_of(INTEGERS, DECIMALS), _larger, max_leaves=8)
PYTHON: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "sqrt": math.sqrt,
    "abs": abs,
    "round": lambda a, places=0.0: round(a, int(places)),
    "floor": lambda a: float(math.floor(a)),
    "ceil": lambda a: float(math.ceil(a)),
    "min": min,
    "max": max,
    "log": math.log,
    "log10": math.log10,
    "exp": math.exp,
}


def by_python(node: ast.expr) -> float:
    """Return Python's value; leave out where float64 alone decides, which the calculator mends."""
    match node:
        case ast.Constant(value=str(text)):
            return float(text)
        case ast.UnaryOp(operand=operand):
            return -by_python(operand)
        case ast.BinOp(left=left, op=operator, right=right):
            name, values = OPERATORS[type(operator)][0], [by_python(left), by_python(right)]
        case ast.Call(func=ast.Name(id=name), args=arguments):
            values = [by_python(argument) for argument in arguments]
        case _:
            raise AssertionError(ast.dump(node))
    value = PYTHON[name](*values)
    if type(value) is complex:
        raise ArithmeticError("a root of a negative number")
    if name in {"+", "-"}:
        assume(value == 0 or abs(value) > 1e-6 * max(map(abs, values)))
    if name in {"round", "floor", "ceil", "%"}:
        whole = values[0] / values[1] if name == "%" else values[0] * 10 ** (values[1:] or [0.0])[0]
        assume(all(one.is_integer() for one in values) or abs(2 * whole - round(2 * whole)) > 1e-6)
        assume(abs(whole) < 1e8 and max(map(abs, values)) < 2**53)
    if not (1e-90 < abs(value) < 1e90 or (value == 0 and name != "exp")):
        raise OverflowError
    return float(value)


@many
@given(NODES)
def test_as_python_has_it(node: ast.expr) -> None:
    text = written(node)
    assume(len(text) <= MAX_LENGTH)
    try:
        expected = by_python(node)
    except (ArithmeticError, ValueError):
        assume(False)
    result = use(text)
    assert result.success, result.text
    assert float(result.text) == pytest.approx(expected, rel=1e-9)
    assert evaluate(node) == pytest.approx(expected, rel=1e-9)


@many
@given(NODES)
def test_what_has_no_value_for_python_has_none_here(node: ast.expr) -> None:
    text = written(node)
    assume(len(text) <= MAX_LENGTH)
    try:
        by_python(node)
    except ZeroDivisionError:
        assert use(text).text.startswith("Division by zero")
    except (ArithmeticError, ValueError):
        use(text)
