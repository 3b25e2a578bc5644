"""What a model reads and writes symbol by symbol: characters, or words with a space between. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

UNKNOWN = -1


def _each_once(symbols: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if len(set(symbols)) < len(symbols):
        raise ValueError("a symbol stands twice in the alphabet")
    if any(" " in word or not word for word in symbols if not isinstance(symbols, str)):
        raise ValueError("a word of the alphabet is empty or has a space in it")
    return symbols


# A string is an alphabet of its characters, a list one of words.
Alphabet = Annotated[
    Annotated[str, Field(min_length=1, max_length=1000)]
    | Annotated[tuple[str, ...], Field(min_length=1, max_length=1000)],
    AfterValidator(_each_once),
]


def apart(alphabet: str | tuple[str, ...], text: str) -> list[str]:
    """The symbols of ``text``, whether ``alphabet`` has them or not."""
    if isinstance(alphabet, str) or not text:
        return list(text)
    return text.split(" ")


def together(alphabet: str | tuple[str, ...], symbols: list[str]) -> str:
    """The text of ``symbols``."""
    return ("" if isinstance(alphabet, str) else " ").join(symbols)


def numbers(alphabet: str | tuple[str, ...], symbols: list[str]) -> list[int]:
    """The place of each symbol in ``alphabet``, UNKNOWN for one that it has not."""
    places = {symbol: place for place, symbol in enumerate(alphabet)}
    return [places.get(symbol, UNKNOWN) for symbol in symbols]


def in_words(alphabet: str | tuple[str, ...]) -> str:
    """What can be read, for whoever wrote something else."""
    if isinstance(alphabet, str):
        return f"characters of its alphabet, {alphabet}"
    return f"words of its alphabet with a space between: {', '.join(alphabet)}"
