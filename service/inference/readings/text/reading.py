"""A text, character by character, and the text that an encoder-decoder writes about it."""

from __future__ import annotations

from typing import Literal

from service.inference.batch import Batch
from service.inference.readings.text.answering import Answering
from service.inference.readings.text.spelt import Spelt, text_of
from service.inference.text_rules import TEXT_RULES, TextRuleName


class Texts(Spelt, Answering):
    """A text of one alphabet, answered by one of another. ``rule`` is what answers are held against."""

    kind: Literal["text"] = "text"
    rule: TextRuleName

    def ruled(self, batch: Batch) -> tuple[str, str | None]:
        return self.rule, TEXT_RULES[self.rule](text_of(batch, 0))
