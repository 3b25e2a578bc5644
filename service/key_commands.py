"""``python -m service key new|list|revoke``: tends the file of API keys. Knows no HTTP."""

from __future__ import annotations

import sys
from pathlib import Path

from service.errors import SettingsError
from service.keys import KeyFile, Scope
from service.printable import Parser
from service.settings import Settings


def key(arguments: list[str]) -> None:
    """Make, list or revoke API keys; a running service follows at once.

    Raises:
        SettingsError: no file is named, or it cannot do what was asked.
    """
    options = _parser().parse_args(arguments)
    file: Path | None = options.file or Settings().api_keys_file
    if file is None:
        raise SettingsError("name the key file: --file FILE, or UNROLL_API_KEYS_FILE")
    keys = KeyFile(file)
    if options.action == "new":
        print(keys.add(options.name, Scope(options.scope)))
        print(f"Shown only now; {file} keeps a digest. Serve with --api-keys-file {file}", file=sys.stderr)
    elif options.action == "revoke":
        keys.revoke(options.name)
        print(f"{options.name} is revoked")
    else:
        for each in keys.load().values():
            print(f"{each.name}\t{each.scope}\t{each.created:%Y-%m-%d %H:%M} UTC")


def _parser() -> Parser:
    parser = Parser(prog="python -m service key", description="API keys of the service.")
    actions = parser.add_subparsers(dest="action", required=True)
    new = actions.add_parser("new", help="make a key and print it, once")
    new.add_argument("--name", required=True, help="the client's id in the request log")
    new.add_argument(
        "--scope",
        required=True,
        choices=[str(scope) for scope in Scope],
        help="read includes metrics and predict, admin all",
    )
    revoke = actions.add_parser("revoke", help="refuse a key from now on")
    revoke.add_argument("name")
    for action in (new, revoke, actions.add_parser("list", help="names, scopes and dates of the keys")):
        action.add_argument("--file", type=Path, help="the key file (default: UNROLL_API_KEYS_FILE)")
    return parser
