"""What every section of a spec is: a frozen model that takes no other keys, and NumPy's numbers as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from sgdode.errors import nearest
from sgdode.spec.values import plain, shown, wrong


class Part(BaseModel):
    """A section of a spec."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _of_numpy(cls, value: Any) -> Any:
        return plain(value)


def one_of(records: Mapping[str, Any], *also: str) -> BeforeValidator:
    """A validator that takes the names of ``records``, which may grow, and the words ``also``."""

    def known(value: Any) -> Any:
        allowed = [*also, *records]
        if value in allowed:
            return value
        hint = nearest(value, allowed) if isinstance(value, str) else ""
        raise wrong(f"got {shown(value)}; allowed: {', '.join(allowed)}{hint}")

    return BeforeValidator(known)
