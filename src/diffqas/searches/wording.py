"""The choices of a run as names with dots and texts, for people and for comparisons."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from diffqas.searches.config import RunConfig
from diffqas.storage import Json, decode, encode


def choices_in_words(config: RunConfig) -> dict[str, str]:
    """Every choice of a run as a name and a text."""
    choices = {choice.name: encode(getattr(config, choice.name)) for choice in fields(config)}
    rows = {name.removeprefix("settings."): text for name, text in flat(choices).items()}
    return {
        name: text for name, text in rows.items() if name not in ("settings", "generator.rates")
    }


def flat(value: Any, place: str = "") -> dict[str, str]:
    """Nested JSON as names with dots and texts.

    >>> flat({"a": {"is": "X", "b": [1, 2]}, "c": None})
    {'a': 'X', 'a.b': '1, 2', 'c': 'none'}
    """
    if isinstance(value, dict):
        return _flat_object(value, place)
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        value = [decode(part).name for part in value]  # candidates
    return {place: _in_words(value)}


def _flat_object(value: Json, place: str) -> dict[str, str]:
    """The parts of an object, and its class, if it has one, under the name of its place."""
    rows = {}
    if "is" in value and place:
        rows[place] = str(value["is"])
    for key, part in value.items():
        if key != "is":
            inner = f"{place}.{key}" if place else key
            rows |= flat(part, inner)
    return rows


def _in_words(value: Any) -> str:
    """A plain JSON value as a person says it."""
    if isinstance(value, list):
        return ", ".join(_in_words(part) for part in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
