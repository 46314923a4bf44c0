"""The blocks of a page that run; needs nothing but Python, so that the tests run them, too."""

import re

_FENCE = re.compile(r"^```\{run\} (\w+) ?(\S*)\n((?::[^\n]*\n)*)\n?(.*?)^```$", re.M | re.S)


def blocks(text):
    """[(kind, name, code)] of a page; kind: sh, python or file."""
    return [(kind, name, code) for kind, name, _, code in _FENCE.findall(text)]
