"""Subcommands of ``python -m service``: ``backup FILE``, ``batch INPUT``, ``check``, ``key`` and ``openapi``."""

from __future__ import annotations

import json
from pathlib import Path

from service.app import create_app
from service.batch.command import batch
from service.key_commands import key
from service.printable import Parser
from service.request_log import maintenance
from service.settings import Settings


def backup(arguments: list[str]) -> None:
    """Copy the request log to a file while the service goes on.

    Raises:
        SettingsError, LogUnavailable: see :func:`maintenance.backup`.
    """
    parser = _parser("backup", "Copy the request log to a file while the service goes on.")
    parser.add_argument("file", type=Path, help="where to write the copy; must not exist")
    options = parser.parse_args(arguments)
    maintenance.backup(options.database_url, options.file)
    print(f"wrote {options.file}")


def check(arguments: list[str]) -> None:
    """Verify the request log; exit 1 with what is wrong."""
    parser = _parser("check", "Verify the integrity of the request log; exit 1 if anything is wrong.")
    findings = maintenance.check(parser.parse_args(arguments).database_url)
    if findings:
        raise SystemExit("\n".join(findings))
    print("the request log is sound")


def openapi(arguments: list[str]) -> None:
    """Print the OpenAPI document, as `/openapi.json` answers it."""
    Parser(prog="python -m service openapi", description=openapi.__doc__).parse_args(arguments)
    print(json.dumps(create_app(Settings()).openapi(), indent=1, ensure_ascii=False))


def _parser(name: str, description: str) -> Parser:
    parser = Parser(prog=f"python -m service {name}", description=description)
    default = Settings().database_url
    parser.add_argument("--database-url", default=default, help=f"the request log (default: {default})")
    return parser


COMMANDS = {"backup": backup, "batch": batch, "check": check, "key": key, "openapi": openapi}
