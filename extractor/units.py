"""Laboratory units: values of the HLH-2004 items in one unit each, with the unit guessed where none stands.

Conversions: haemoglobin 1 mmol/L (Fe) = 16.11 g/L, triglycerides 1 mmol/L = 88.57 mg/dL (Tietz Textbook of
Clinical Chemistry, reference intervals and SI conversions). A value without a unit is read in the only unit in which
it is compatible with life.
"""

from __future__ import annotations

import re

CANONICAL = {
    "hb": "g/L",
    "platelets": "x10^9/L",
    "neutrophils": "x10^9/L",
    "triglycerides": "mmol/L",
    "fibrinogen": "g/L",
    "ferritin": "ug/L",
    "scd25": "U/mL",
    "temperature": "C",
    "ast": "U/L",
}
"""The unit in which each item's ``normalized_value`` stands."""


def _key(unit: str | None) -> str:
    return re.sub(r"[\s.]", "", (unit or "").lower()).replace("microg", "ug").replace("mcg", "ug").replace("μ", "u")


_CELLS = re.compile(
    r"(?:x|\*)?10\^?9/?l|k/?(?:ul|mm3|mm\^3|mcl)?|g/?l|10\^?3/?ul|x?10\^?3/?(?:ul|mm3)|gpt/l|giga/l|/nl|thou\w*|k"
)
_PER_UL = re.compile(r"/?(?:c(?:ells)?/)?(?:ul|mm3|mm\^3|cmm|mcl|cumm)")


def normalize(item: str, value: float, unit: str | None) -> tuple[float, str] | None:
    """Return a value in the canonical unit of an item.

    Args:
        item: ``hb``, ``platelets``, ``neutrophils``, ``triglycerides``, ``fibrinogen``, ``ferritin``, ``scd25``,
            ``temperature``, ``ast``.
        value: the number as written.
        unit: the unit as written, ``None`` where none stands.

    Returns:
        Value and unit, or ``None`` where the unit is not one of the item's.
    """
    key = _key(unit)
    canonical = CANONICAL.get(item)
    if canonical is None:
        return None
    converted = _CONVERT[item](value, key)
    return None if converted is None else (round(converted, 6), canonical)


def _hb(value: float, key: str) -> float | None:
    if key in ("g/dl", "gm/dl", "gm%", "g%", "gdl"):
        return value * 10
    if key == "mmol/l":
        return value * 16.11
    if key == "g/l":
        return value if value > 25 else value * 10
    return (value * 10 if value < 25 else value) if not key else None


def _cells(value: float, key: str, small: float) -> float | None:
    if _PER_UL.fullmatch(key):
        return value / 1000
    if _CELLS.fullmatch(key):
        return value / 1000 if value > small * 10 else value
    if not key:
        return value / 1000 if value > small else value
    return None


def _triglycerides(value: float, key: str) -> float | None:
    if key == "mmol/l" or key == "mmol":
        return value
    if key in ("mg/dl", "mg%", "mgdl"):
        return value / 88.57
    return (value if value < 20 else value / 88.57) if not key else None


def _fibrinogen(value: float, key: str) -> float | None:
    if key in ("g/l", "mg/ml", "g"):
        return value if value < 20 else value / 100
    if key in ("mg/dl", "mgdl", "mg%", "mg"):
        return value / 100
    if key == "g/dl":
        return value * 10
    if key == "umol/l":
        return value * 0.34
    return (value if value < 20 else value / 100) if not key else None


def _ferritin(value: float, key: str) -> float | None:
    if key in ("ng/ml", "ug/l", "ngml", "ng", "ug", "mcg/l", "ng/dl", ""):
        return value
    if key == "mg/l":
        return value * 1000
    if key == "ug/ml":
        return value * 1000
    if key == "pmol/l":
        return value / 2.247
    return None


def _scd25(value: float, key: str) -> float | None:
    if key in ("u/ml", "iu/ml", "units/ml", "kiu/l", "ku/l"):
        return value
    if key in ("u/l", "iu/l"):
        return value / 1000
    return None


def _enzyme(value: float, key: str) -> float | None:
    if key in ("u/l", "iu/l", "units/l", ""):
        return value
    return value * 60 if key in ("ukat/l", "microkat/l") else None


def _temperature(value: float, key: str) -> float | None:
    if "f" in key or value > 60:
        return (value - 32) * 5 / 9
    return value


_CONVERT = {
    "hb": _hb,
    "platelets": lambda v, k: _cells(v, k, 1500),
    "neutrophils": lambda v, k: _cells(v, k, 60),
    "triglycerides": _triglycerides,
    "fibrinogen": _fibrinogen,
    "ferritin": _ferritin,
    "scd25": _scd25,
    "temperature": _temperature,
    "ast": _enzyme,
}
