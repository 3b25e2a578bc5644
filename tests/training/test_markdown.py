"""Numbers and tables as Markdown."""

from __future__ import annotations

import pytest

from training import markdown


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.123456, "0.123"), (12.0, "12"), (0.00123, "1.2e-3"), (4.56e-10, "4.6e-10")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert markdown.number(value) == text


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    text = "a\n<!-- models:begin -->\nold\n<!-- models:end -->\nb\n"
    assert markdown.replaced(text, "models", "new") == "a\n<!-- models:begin -->\nnew\n<!-- models:end -->\nb\n"
    assert markdown.replaced("no markers", "models", "new") is None
