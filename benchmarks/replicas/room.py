"""Which cores the server, the load and the database get, so that none takes another's. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Room(NamedTuple):
    """Lists of cores as taskset reads them; ``threads`` is how many the load generator uses, one a core."""

    server: str
    load: str
    threads: int


class Needed(NamedTuple):
    """Cores that so many workers want: one each, one for the load of four workers, one for the database of four."""

    server: int
    load: int
    database: int

    @staticmethod
    def by(workers: int, *, database: bool) -> Needed:
        """The database is PostgreSQL, on cores that nobody else is given."""
        quarter = -(-workers // 4)
        return Needed(workers, quarter, quarter if database else 0)

    @property
    def all(self) -> int:
        """How many that is."""
        return sum(self)


def room_of(workers: int, cores: list[int], *, database: bool) -> Room | None:
    """The first of ``cores`` for the workers, the next for the load; None where there are too few.

    What is left is the database's, which is not started here.
    """
    needed = Needed.by(workers, database=database)
    if len(cores) < needed.all:
        return None
    server, load = cores[: needed.server], cores[needed.server : needed.server + needed.load]
    return Room(_listed(server), _listed(load), len(load))


def _listed(cores: list[int]) -> str:
    return ",".join(map(str, cores))
