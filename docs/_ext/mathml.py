"""Formulas as MathML, made when the site is built: browsers draw them without scripts or fonts from elsewhere."""

from latex2mathml.converter import convert
from sphinx.util import logging

logger = logging.getLogger(__name__)


def _mathml(node, display):
    try:
        return convert(node.astext(), display=display)
    except Exception as error:  # whatever the converter cannot read is a mistake of the page
        logger.warning("no formula: %s (%r)", node.astext(), error, location=node)
        return ""


def _inline(translator, node):
    translator.body.append(_mathml(node, "inline"))
    raise _skip()


def _block(translator, node):
    translator.body.append(f'<div class="formula">{_mathml(node, "block")}</div>')
    raise _skip()


def _skip():
    from docutils.nodes import SkipNode

    return SkipNode()


def setup(app):
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
