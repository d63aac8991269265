"""The settings of a run as names with dots and texts, for people and for comparisons."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from diffqas.searches.config import RunConfig
from diffqas.storage import decode, encode


def settings_of(config: RunConfig) -> dict[str, str]:
    """Every choice as a name and a text."""
    choices = {choice.name: encode(getattr(config, choice.name)) for choice in fields(config)}
    rows = {name.removeprefix("settings."): text for name, text in flat(choices).items()}
    return {name: text for name, text in rows.items() if name not in ("settings", "recipe.rates")}


def flat(value: Any, place: str = "") -> dict[str, str]:
    """Nested JSON as names with dots and texts.

    >>> flat({"a": {"is": "X", "b": [1, 2]}, "c": None})
    {'a': 'X', 'a.b': '1, 2', 'c': 'none'}
    """
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        value = [decode(part).name for part in value]  # candidates
    if isinstance(value, dict):
        rows = {place: str(value["is"])} if "is" in value and place else {}
        for key, part in value.items():
            if key != "is":
                rows |= flat(part, f"{place}.{key}" if place else key)
        return rows
    return {place: _in_words(value)}


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_in_words, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
