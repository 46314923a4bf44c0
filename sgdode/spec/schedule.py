"""The key ``learning_rate.schedule`` of a spec: of t, or one of the records of schedules in samples per dimension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, ValidationInfo, create_model, model_validator

from sgdode.model.schedules import SCHEDULES, WARMUP
from sgdode.model.starts import Key
from sgdode.spec.beside import file_content, rows_of
from sgdode.spec.initial import field_of
from sgdode.spec.part import Part
from sgdode.spec.values import plain, shown, wrong

#: γ (1 + t/time)^(−power), which no record is of: t is the clock of its own.
IN_TIME = {
    "power": SCHEDULES["power"].keys["power"],
    "time": Key("number", None, 0.0, above=True, meaning="t0 of γ(t) = γ (1 + t/t0)^(−β)"),
}
_FILE = Key(
    "file", meaning="a CSV file with rows of α and factor, as in table, relative to the spec; the result keeps them"
)


class ScheduleSpec(Part):
    """How γ falls. ``law``: the name of its record, None where it is one of t."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _keys_of_records(cls, value: Any, info: ValidationInfo) -> Any:
        value = plain(value)
        if isinstance(value, ScheduleSpec):
            return value
        if not isinstance(value, Mapping):
            raise wrong(f"got {shown(value)}; allowed: {forms()}")
        fields: dict[str, Any] = {key: field_of(record) for key, record in schedule_keys().items()}
        checked = create_model("ScheduleKeys", __base__=Part, **fields).model_validate(dict(value))
        given = {key: getattr(checked, key) for key in schedule_keys() if value.get(key) is not None}
        if "file" in given and "table" not in given:
            name = given.pop("file")
            content = file_content("file", name, info.context or {}).decode("utf-8-sig", errors="replace")
            given["table"] = tuple(map(tuple, rows_of(content, name, "file", "α and factor")))
        law = _law(given)
        if law is not None and (why := SCHEDULES[law].fault(given)):
            raise wrong(f"{law}: {why}")
        return given

    @property
    def given(self) -> dict[str, Any]:
        """Its keys with their values; itself a value of the key."""
        return dict(self.model_extra or {})

    @property
    def law(self) -> str | None:
        """The name of its record; None where it is one of t."""
        return _law(self.given)

    @property
    def values(self) -> dict[str, Any]:
        """The values of the keys of its record, by default where they are not given, and ``warmup``."""
        assert self.law is not None
        keys = {**SCHEDULES[self.law].keys, "warmup": WARMUP}
        return {key: self.given.get(key, record.default) for key, record in keys.items()}


def schedule_keys() -> dict[str, Key]:
    """The keys of all schedules."""
    records = {key: record for law in SCHEDULES.values() for key, record in law.keys.items()}
    return {**IN_TIME, **records, "file": _FILE, "warmup": WARMUP}


def forms() -> str:
    """How schedules are written."""
    written = [law.form for name, law in SCHEDULES.items() if name != "warmup"]
    return f"constant, {{power: β, time: t0}}, {', '.join(written)}, {{file: F}}; all but that of time with warmup: α_w"


def _law(given: Mapping[str, Any]) -> str | None:
    if set(given) == set(IN_TIME):
        return None
    fits = [name for name, law in SCHEDULES.items() if _fits(law.keys, given)]
    if not fits:
        keys = ", ".join(given) or "no key"
        hint = (
            "; {power: β} needs time: t0 or samples: α0"
            if set(given) <= {"power", "warmup"} and "power" in given
            else ""
        )
        raise wrong(f"got the keys {keys}{hint}; allowed: {forms()}")
    return fits[0]


def _fits(keys: Mapping[str, Key], given: Mapping[str, Any]) -> bool:
    needed = {key for key, record in keys.items() if record.default is None}
    return needed <= set(given) <= {*keys, "warmup"}
