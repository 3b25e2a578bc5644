"""What clients of other services post beside series: a start that may have an offset."""

from __future__ import annotations

from datetime import datetime

from service.errors import InvalidInput, Problem


def wall_clock(start: str | None) -> str | None:
    """The time that a clock on the wall shows at ``start``, in ISO 8601; None where that is no time."""
    try:
        return None if start is None else datetime.fromisoformat(start).replace(tzinfo=None).isoformat()
    except ValueError:
        return None


def require_time(start: str | None, where: str) -> None:
    """Refuse a ``start`` at ``where`` that is no time; raises InvalidInput."""
    if start is not None and wall_clock(start) is None:
        expected = "a time in ISO 8601, as 2024-01-31T08:00:00"
        raise InvalidInput(f"{where}: expected {expected}", code="no_time", problems=(Problem(where, expected),))
