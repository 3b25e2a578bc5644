"""Every error that this project raises on purpose has its place in the one table, and a code of its own."""

from __future__ import annotations

import inspect
import re
from http import HTTPStatus

import pytest

from service import errors
from service.errors import UnrollError
from service.http.errors import STATUS, status_of


def tree(root: type[UnrollError] = UnrollError) -> list[type[UnrollError]]:
    return [each for child in root.__subclasses__() for each in (child, *tree(child))]


OWN = [error for error in tree() if error.__module__ == errors.__name__]


@pytest.mark.parametrize("error", OWN, ids=lambda error: error.__name__)
def test_every_error_is_mapped_to_an_error_status(error: type[UnrollError]) -> None:
    status = status_of(error("detail"))
    assert isinstance(status, HTTPStatus)
    assert 400 <= status <= 599


@pytest.mark.parametrize("error", OWN, ids=lambda error: error.__name__)
def test_every_error_has_a_code_of_its_own(error: type[UnrollError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert [other for other in OWN if other.code == error.code] == [error]
    assert error.code != UnrollError.code


def test_the_table_names_no_class_that_is_not_in_the_tree() -> None:
    assert set(STATUS) <= set(OWN)


def test_all_errors_live_in_one_file() -> None:
    elsewhere = [
        error for error in tree() if error.__module__ != errors.__name__ and error.__module__.startswith("service")
    ]
    assert elsewhere == []


def test_the_drawing_at_the_top_of_the_file_shows_every_error() -> None:
    drawing = inspect.getdoc(errors) or ""
    drawn = re.findall(r"[├└]── (\w+)", drawing)
    assert sorted(drawn) == sorted(error.__name__ for error in OWN)
