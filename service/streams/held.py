"""Streams that are held in memory after their last value, the least recently used of which go first. Pure."""

from __future__ import annotations

from collections import OrderedDict

from service.streams.following import Following


class Held:
    """At most so many bytes of ``memory`` in all."""

    def __init__(self, memory: int) -> None:
        self._most, self._bytes = memory, 0
        self._places: OrderedDict[tuple[str, str], Following] = OrderedDict()

    def __len__(self) -> int:
        return len(self._places)

    def take(self, client: str, name: str) -> Following | None:
        """The stream of that name, which is held no more."""
        following = self._places.pop((client, name), None)
        if following is not None:
            self._bytes -= following.size
        return following

    def put(self, following: Following) -> None:
        """Hold ``following``, which is as it is on record."""
        key = following.stream.client, following.stream.name
        self.take(*key)
        self._places[key] = following
        self._bytes += following.size
        while self._bytes > self._most:
            _, oldest = self._places.popitem(last=False)
            self._bytes -= oldest.size
