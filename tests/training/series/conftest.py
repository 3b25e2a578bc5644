"""Panels that the tests of own series share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from service.arrays import Floats
from training.series.panel import OwnSeries, Panel

MakePanel = Callable[..., Panel]


@pytest.fixture(scope="session")
def panel_of() -> MakePanel:
    """A panel of the given arrays, nothing missing."""

    def make(*values: Floats) -> Panel:
        found = [OwnSeries(str(n), np.asarray(each, float), np.zeros(len(each), bool)) for n, each in enumerate(values)]
        return Panel(tuple(found), ())

    return make
