"""Formulas of activations: what is read, what is refused, and derivatives by rule against differences."""

import numpy as np
import pytest

from sgdode.model.activations import fault
from sgdode.model.formula import FUNCTIONS, FormulaError, derivative, formula_activation, parsed, written

X = np.linspace(0.11, 2.9, 57)
FORMULAS = [
    "x/(1 + exp(-x))", "erf(x/sqrt(2))", "where(x > 0.5, x, exp(x) - 1)", "maximum(0, x)", "minimum(x**2, 1 + x)",
    "x*tanh(log1p(exp(x)))", "2**x + x**-1.5", "x**x", "sin(x)*cos(pi*x) - e", "log(1 + x)/sqrt(x)", "arctan(-+x)",
    "sinh(x)/cosh(x)", "abs(x - 1)**1.5", "expm1(x)*sign(x)", "x**2",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_the_slope_is_that_of_the_function(text):
    activation, step = formula_activation(text), 1e-6
    values, slopes = activation.sample(X)
    found = (activation.sample(X + step)[0] - activation.sample(X - step)[0]) / (2 * step)
    np.testing.assert_allclose(slopes, found, rtol=1e-6, atol=1e-7)
    for x, value, slope in zip(X, values, slopes, strict=True):
        assert activation.f.scalar(x) == pytest.approx(value, rel=1e-13, abs=1e-15)
        assert activation.df.scalar(x) == pytest.approx(slope, rel=1e-13, abs=1e-15)


def test_values():
    values, slopes = formula_activation("x/(1 + exp(-x))").sample(np.array([0.0, -700.0, 700.0]))
    np.testing.assert_allclose(values, [0.0, 0.0, 700.0], atol=1e-300)
    np.testing.assert_allclose(slopes, [0.5, 0.0, 1.0], atol=1e-290)
    for text in ("maximum(0, x)", "maximum(x, 0)"):  # as relu: the flatter side
        np.testing.assert_array_equal(formula_activation(text).sample(np.array([-1.0, 0.0, 1.0]))[1], [0, 0, 1])


REFUSED = {
    "__import__('os')": "is not allowed", "x.real": "is not allowed", "x if x else 1": "is not allowed",
    "lambda: x": "is not allowed", "exp(x": "not a formula", "foo(x)": "is not allowed", "1": "there is no x",
    "x[0]": "is not allowed", "exp(x, x)": "takes 1 arguments", "where(x, 1, 2)": "a comparison", "'a'*x": "allowed",
    "x < 1": "is not allowed", "exp(x=1)": "is not allowed", "True*x": "is not allowed", "1j*x": "is not allowed",
    "1e999*x": "is not allowed", "x" + "+x" * 600: "characters", "": "not a formula", "f'{x}'": "is not allowed",
    "[x for x in x]": "is not allowed", "(" * 150 + "x" + ")" * 150 + "(": "not a formula", "x\n": None,
    "exp(" * 240 + "x" + ")" * 240: "too deep|not a formula|parts|characters", "x@x": "is not allowed", "x//2": "is",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_formula_is_refused(text):
    if REFUSED[text] is None:
        assert fault(formula_activation(text)) is None
        return
    with pytest.raises(FormulaError, match=REFUSED[text]):
        formula_activation(text)


def test_formulas_stay_small_when_they_are_differentiated():
    """No part of a formula stands in its derivative more often than it has to: else nesting doubles it."""
    text = "x"
    for name in ("maximum", "minimum") * 20:
        text = f"{name}({text}, x)"
    assert len(written(derivative(parsed(text)), scalar=True)) < 40 * len(text)
    with pytest.raises(FormulaError, match="there is no x"):
        parsed("+".join(FUNCTIONS) and "pi")
