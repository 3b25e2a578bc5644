"""``python -m service``: serves when no subcommand is given."""

from __future__ import annotations

import sys

from pydantic import ValidationError
from pydantic_settings import CliApp

from service.commands import COMMANDS
from service.errors import UnrollError
from service.server import serve
from service.settings import Settings


def main(arguments: list[str] | None = None) -> None:
    """Run the subcommand of ``arguments`` (by default those of the process), or serve; exit 2 on a bad setting."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if given and given[0] in COMMANDS:
            COMMANDS[given[0]](given[1:])
        else:
            serve(CliApp.run(Settings, cli_args=given))
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            flag = "--" + ".".join(map(str, problem["loc"])).replace("_", "-")
            print(f"{flag}: {problem['msg']}", file=sys.stderr)
        sys.exit(2)
    except UnrollError as error:
        print(error.detail, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
