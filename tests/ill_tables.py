"""Tables as people export them, sound and ill, from a seed: bytes, and what a careful person reads in them.

Written without the ``csv`` module, so that reader and generator share no idea of the format.
"""

from __future__ import annotations

import datetime as dt
import gzip
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
GAPS = ("", "NA", "#N/A", ".", "?", "null", "NaN", "-", "n/a", "..", '""')


@dataclass(slots=True)
class Ill:
    """``data`` as bytes, the options that name its columns, and what is to be read or said.

    ``values`` by series: of each time the number, NaN for a gap, gaps at the ends cut off. ``said``: None where the
    table is sound, else words of the one message; ``line``: of the file, where the fault stands on one.
    """

    data: bytes
    columns: list[str]
    id_column: str | None
    time_column: str | None
    values: dict[str, list[float]]
    step: str | None
    said: str | None = None
    line: int | None = None
    harmed: str | None = None
    story: list[str] = field(default_factory=list)


Moments = list[dt.datetime]
Write = Callable[[dt.datetime], str]
AWARE: Write = lambda each: f"{each.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"  # noqa: E731
DATE: Write = lambda each: f"{each:%Y-%m-%d}"  # noqa: E731
STAMP: Write = lambda each: f"{each:%Y-%m-%d %H:%M:%S}"  # noqa: E731


def _every(step: dt.timedelta, count: int) -> Moments:
    begin = dt.datetime(2021, 1, 4, tzinfo=dt.UTC)
    return [begin + step * place for place in range(count)]


def _months(step: int, count: int, day: int = 1, zone: dt.tzinfo = dt.UTC) -> Moments:
    return [dt.datetime(1950 + m // 12, m % 12 + 1, day, tzinfo=zone) for m in range(0, step * count, step)]


def _weekdays(count: int, open_days: int) -> Moments:
    days = _every(dt.timedelta(days=1), 2 * count)
    return [each for each in days if each.weekday() < open_days][:count]


# What a time column looks like, and how its spacing is called.
CLOCKS: dict[str, Callable[[int], tuple[list[str], str]]] = {
    "numbers": lambda n: ([str(place) for place in range(n)], "steps of 1"),
    "halves": lambda n: ([f"{place / 2}" for place in range(n)], "steps of 0.5"),
    "year numbers": lambda n: ([str(1700 + place) for place in range(n)], "steps of 1"),
    "days": lambda n: (list(map(DATE, _every(dt.timedelta(days=1), n))), "days"),
    "compact days": lambda n: ([f"{each:%Y%m%d}" for each in _every(dt.timedelta(days=1), n)], "days"),
    "local days in UTC": lambda n: (
        [AWARE(each.replace(tzinfo=BERLIN)) for each in _every(dt.timedelta(days=1), n)], "days"),
    "weeks": lambda n: (list(map(DATE, _every(dt.timedelta(days=7), n))), "weeks"),
    "business days": lambda n: (list(map(DATE, _weekdays(n, 5))), "business days"),
    "open days": lambda n: (list(map(STAMP, _weekdays(n, 6))), "days, 6 a week"),
    "hours": lambda n: (list(map(AWARE, _every(dt.timedelta(hours=1), n))), "hours"),
    "hours with offsets": lambda n: (
        [each.astimezone(BERLIN).isoformat() for each in _every(dt.timedelta(hours=1), n)], "hours"),
    "five minutes": lambda n: (list(map(STAMP, _every(dt.timedelta(minutes=5), n))), "steps of 5 minutes"),
    "half hours": lambda n: (list(map(STAMP, _every(dt.timedelta(minutes=30), n))), "half hours"),
    "months": lambda n: ([f"{each:%Y-%m}" for each in _months(1, n)], "months"),
    "compact months": lambda n: ([f"{each:%Y%m}" for each in _months(1, n)], "months"),
    "month ends": lambda n: (
        [DATE(each - dt.timedelta(days=1)) for each in _months(1, n)], "months"),
    "local months in UTC": lambda n: (list(map(AWARE, _months(1, n, zone=BERLIN))), "months"),
    "quarters": lambda n: (list(map(DATE, _months(3, n, day=15))), "quarters"),
    "half years": lambda n: ([f"{each:%Y-%m}" for each in _months(6, n)], "half years"),
}  # fmt: skip
_ZONED = ("days", "five minutes", "half hours", "open days", "weeks", "business days", "quarters", "month ends")


class Sheet:
    """One table while it is made: cells by row, then bytes."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.delimiter = rng.choice(",;\t|")
        self.comma = self.delimiter != "," and rng.random() < 0.5
        self.digits = rng.choice((0, 1, 2, 4))
        self.newline = rng.choice(("\n", "\r\n", "\r"))
        self.encoding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32"))
        self.gzipped = rng.random() < 0.15
        self.title = rng.choice(("wert", "power [kW]", "flow [/min]", "größe", "open_$ to close_$", "x;y", "a,b", "값"))
        self.ids = rng.choice((None, None, ["a"], ["north", "south"], ["[b]", "1", "é"]))
        self.count = rng.randint(100, 130)
        kind = None if rng.random() < 0.25 else rng.choice(list(CLOCKS))
        self.times, self.step = (None, None) if kind is None else CLOCKS[kind](self.count)
        self.kind = kind
        self.notes = rng.random() < 0.5
        self.surplus = rng.choice((0, 0, 0, 1, 2))  # empty cells at the end of each line, as spreadsheets leave them
        if self.ids is None and kind is None and not self.notes:
            # Nothing is separated, so the reader takes commas, and a decimal comma is a fault: see FAULTS.
            self.delimiter, self.comma = ",", False
        self.truth = {each: self._series() for each in self.ids or [""]}
        places = [(each, place) for place in range(self.count) for each in self.truth]
        self.rows = [self._row(each, place) for each, place in places]
        self.owners = places
        self.header = [*([] if self.ids is None else ["id"]), *([] if kind is None else ["when"]), self.title]
        self.header += ["note"] if self.notes else []
        self.said: str | None = None
        self.fault_at: int | None = None  # place in rows; -1 is the header

    def _series(self) -> list[float]:
        rng, level, late = self.rng, self.rng.uniform(-5000, 5000), self.rng.random() < 0.2
        begins = self.rng.randint(5, 15) if late else 0  # a product that was launched later
        gaps = self.rng.random() < 0.3
        values = []
        for place in range(self.count):
            level += rng.gauss(0, 50)
            missing = place < begins or (gaps and rng.random() < 0.05)
            values.append(math.nan if missing else float(f"{level:.{self.digits}f}"))
        return values

    def _row(self, each: str, place: int) -> list[str]:
        value = self.truth[each][place]
        cells = [] if self.ids is None else [self.quoted(each)]
        cells += [] if self.times is None else [self.quoted(self.times[place])]
        # Alone on its line nothing at all would be a blank line.
        gaps = GAPS if cells or self.notes else GAPS[1:]
        cells.append(self.rng.choice(gaps) if math.isnan(value) else self.number(value))
        if self.notes:
            cells.append(self.rng.choice(("", "ok", '"two\nlines"', '"a ""quoted"" word"', f'"{self.delimiter}"', "5")))
        return cells

    def quoted(self, text: str) -> str:
        must = any(each in text for each in (self.delimiter, '"', "\n"))
        return '"' + text.replace('"', '""') + '"' if must or self.rng.random() < 0.1 else text

    def number(self, value: float) -> str:
        text = f"{value:.{self.digits}f}"
        text = text.replace(".", ",") if self.comma else text
        decorate = self.rng.random()
        if decorate < 0.1:
            return f'"{text}"'
        if decorate < 0.2:
            return f" {text} "
        return f"+{text}" if decorate < 0.25 and value > 0 else text

    def place_of(self, column: str) -> int:
        return self.header.index(column)

    def text(self) -> tuple[str, list[int]]:
        """The file, and the line on which each row begins."""
        lines, begins = [], []
        if self.rng.random() < 0.05 and self.newline != "\r":
            lines.append(f"sep={self.delimiter}")
        surplus = self.delimiter * self.surplus
        number = len(lines) + 1
        lines.append(self.delimiter.join(map(self.quoted, self.header)) + surplus)
        for row in self.rows:
            number += lines[-1].count("\n") + 1 if begins else 1
            begins.append(number)
            lines.append(self.delimiter.join(row) + surplus)
        end = self.rng.choice(("", "\n", "\n\n\n", "\n" + self.delimiter * len(self.header) if surplus else "\n"))
        return "\n".join(lines) + end, begins

    def bytes(self, text: str) -> bytes:
        data = text.replace("\n", self.newline).encode(self.encoding)
        return gzip.compress(data, 1) if self.gzipped else data


Fault = Callable[[Sheet], None]


def _middle(sheet: Sheet) -> int:
    """A row amid the file with a number."""
    places = [n for n, (each, place) in enumerate(sheet.owners) if not math.isnan(sheet.truth[each][place])]
    return sheet.rng.choice(places[len(places) // 4 : -5])


def _in_value(text: Callable[[Sheet], str], said: str) -> Fault:
    def put(sheet: Sheet) -> None:
        sheet.fault_at = _middle(sheet)
        sheet.rows[sheet.fault_at][sheet.place_of(sheet.title)] = sheet.quoted(text(sheet))
        sheet.said = said

    return put


def _surplus(sheet: Sheet) -> None:
    sheet.fault_at, sheet.said = _middle(sheet), "cells; the header has"
    sheet.rows[sheet.fault_at] += ["", "50"]


def _missing(sheet: Sheet) -> None:
    if len(sheet.header) > 1:
        sheet.fault_at, sheet.said, sheet.surplus = _middle(sheet), "cells; the header has", 0
        del sheet.rows[sheet.fault_at][-1]


def _decimal_comma(sheet: Sheet) -> None:
    """Unquoted among commas, so that 50,5 is two cells."""
    if sheet.delimiter == "," and sheet.digits and sheet.surplus == 0:
        place = sheet.place_of(sheet.title)
        del sheet.header[place + 1 :]
        for row, (each, at) in zip(sheet.rows, sheet.owners, strict=True):
            value = sheet.truth[each][at]
            row[place:] = ["NA" if math.isnan(value) else f"{value:.{sheet.digits}f}".replace(".", ",")]
        sheet.fault_at = next(at for at, row in enumerate(sheet.rows) if "," in row[place])
        sheet.said = "cells; the header has"


def _open_quote(sheet: Sheet) -> None:
    sheet.fault_at, sheet.said = _middle(sheet), "is no CSV"
    row = sheet.rows[sheet.fault_at]
    row[-1] = '"never closed'
    del sheet.rows[sheet.fault_at + 1 :]


def _huge(sheet: Sheet) -> None:
    sheet.fault_at, sheet.said = _middle(sheet), "field larger than field limit"
    sheet.rows[sheet.fault_at][-1] = "7" * 140_000


def _nul(sheet: Sheet) -> None:
    sheet.fault_at, sheet.said = _middle(sheet), "NUL byte"
    sheet.rows[sheet.fault_at][0] += "\0"


def _twice(sheet: Sheet) -> None:
    sheet.header.append(sheet.title)
    sheet.rows = [[*row, "1"] for row in sheet.rows]
    sheet.said = "names 2 columns"


def _other_title(sheet: Sheet) -> None:
    sheet.header[sheet.place_of(sheet.title)] = "another"
    sheet.said = "has no column"


def _blank_line(sheet: Sheet) -> None:
    if len(sheet.header) == 1:
        sheet.fault_at, sheet.said, sheet.surplus = _middle(sheet), "is blank", 0
        sheet.rows[sheet.fault_at] = []


def _no_rows(sheet: Sheet) -> None:
    sheet.rows, sheet.said = [], "a header and no rows"


def _no_id(sheet: Sheet) -> None:
    if sheet.ids is not None:
        sheet.fault_at, sheet.said = _middle(sheet), "has no 'id'"
        sheet.rows[sheet.fault_at][0] = " "


def _in_time(text: Callable[[str], str], said: str, kinds: tuple[str, ...] = tuple(CLOCKS)) -> Fault:
    def put(sheet: Sheet) -> None:
        if sheet.times is not None and sheet.kind in kinds:
            sheet.fault_at, sheet.said = _middle(sheet), said
            place = sheet.place_of("when")
            sheet.rows[sheet.fault_at][place] = text(sheet.rows[sheet.fault_at][place].strip('"'))

    return put


def _conflict(sheet: Sheet) -> None:
    if sheet.times is not None:
        at = _middle(sheet)
        row = list(sheet.rows[at])
        row[sheet.place_of(sheet.title)] = "77777"
        sheet.rows.insert(at + 1, row)
        sheet.fault_at, sheet.said = at + 1, "several values for one time"


def _flat(sheet: Sheet) -> None:
    for row in sheet.rows:
        row[sheet.place_of(sheet.title)] = "3"
    sheet.said = "constant"


def _empty(sheet: Sheet) -> None:
    for row in sheet.rows:
        row[sheet.place_of(sheet.title)] = "NA"
    sheet.said = "no values at all"


def _short(sheet: Sheet) -> None:
    del sheet.rows[20 * len(sheet.truth) :]
    sheet.said = "too short"


FAULTS: dict[str, Fault] = {
    "surplus cell": _surplus,
    "missing cell": _missing,
    "decimal comma": _decimal_comma,
    "word": _in_value(lambda _: "twelve", "is no number"),
    "markup": _in_value(lambda _: "[/bold]\x1b[31m", "is no number"),
    "underscore": _in_value(lambda _: "1_000", "is no number"),
    "percent": _in_value(lambda _: "12%", "is no number"),
    "date in values": _in_value(lambda _: "2024-01-31", "is no number"),
    "two marks": _in_value(lambda _: "1.234,5", "column"),
    "thousands": _in_value(lambda _: "1,234,567", "column"),
    "infinite": _in_value(lambda _: "-inf", "infinite"),
    "too large": _in_value(lambda _: "1e400", "infinite"),
    "beyond": _in_value(lambda _: "1e101", "beyond 1e+100"),
    "open quote": _open_quote,
    "huge cell": _huge,
    "NUL": _nul,
    "column twice": _twice,
    "other title": _other_title,
    "blank line": _blank_line,
    "no rows": _no_rows,
    "no id": _no_id,
    "no time": _in_time(lambda _: "", "has no time"),
    "word for a time": _in_time(lambda _: "tomorrow", "column 'when'"),
    "31 February": _in_time(lambda _: "2021-02-31", "column 'when'"),
    "compact 31 February": _in_time(lambda _: "20210231", "column 'when'", ("compact days", "days")),
    "ambiguous date": _in_time(lambda _: "03/04/2021", "column 'when'"),
    "offset amid local times": _in_time(lambda old: old + "T00:00Z", "with and without an offset", ("days", "weeks")),
    "end of time": _in_time(lambda _: "9999-12-31", "9999-12-31", ("days", "weeks", "business days")),
    "conflict": _conflict,
    "constant": _flat,
    "empty": _empty,
    "short": _short,
}
# What concerns one series of several, while the file as a whole can be read.
ALONE = ("beyond", "conflict", "end of time")


def table(seed: int) -> Ill:
    """The table of a seed; of five about one is sound."""
    rng = random.Random(seed)  # noqa: S311  # not for secrets
    sheet = Sheet(rng)
    fault = rng.choice((None, *FAULTS)) if rng.random() < 0.8 else None
    while fault is not None and sheet.said is None:  # most faults need a column that not every sheet has
        sheet = Sheet(rng)
        FAULTS[fault](sheet)
    if fault is None and sheet.times is not None:
        _stir(sheet)
    story = [f"seed {seed}", f"fault {fault}", f"clock {sheet.kind}", f"ids {sheet.ids}", f"title {sheet.title}"]
    text, begins = sheet.text()
    harmed = None
    if fault in ALONE and sheet.said and len(sheet.truth) > 1:
        harmed = sheet.rows[sheet.fault_at or 0][0].strip('"')
    values = {each: _trimmed(truth) for each, truth in sheet.truth.items() if each != harmed}
    line = None if sheet.fault_at is None else begins[sheet.fault_at]
    identity, time = None if sheet.ids is None else "id", None if sheet.times is None else "when"
    return Ill(sheet.bytes(text), [sheet.title], identity, time, values, sheet.step, sheet.said, line, harmed, story)


def _stir(sheet: Sheet) -> None:
    """What a time column lets be mended: rows in any order, twice, or twice with the value on one of them only."""
    again = [list(sheet.rows[at]) for at in (_middle(sheet), _middle(sheet))]
    again[1][sheet.place_of(sheet.title)] = "NA"
    sheet.rows += again
    if sheet.rng.random() < 0.5:
        head = sheet.rows[: len(sheet.truth)]
        rest = sheet.rows[len(sheet.truth) :]
        sheet.rng.shuffle(rest)
        sheet.rows = [*head, *rest]


def _trimmed(values: list[float]) -> list[float]:
    known = [place for place, value in enumerate(values) if not math.isnan(value)]
    return values[known[0] : known[-1] + 1]
