"""``python -m service``: serves when no subcommand is given."""

from __future__ import annotations

import signal
import sys

# Until the service has handlers of its own Ctrl-C ends it as SIGTERM does: at once, without a traceback of imports.
_STARTED = __name__ == "__main__" or sys.argv[0].endswith("/unroll")
if _STARTED and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import os
from importlib.metadata import version

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import CliApp
from pydantic_settings import SettingsError as CliError

from service import DISTRIBUTION
from service.commands import COMMANDS
from service.errors import UnrollError
from service.printable import printable
from service.server import serve
from service.settings import Settings

_MESSAGE = 300  # of what is wrong with a flag, which may be a whole file


def main(arguments: list[str] | None = None) -> None:
    """Run the subcommand of ``arguments`` (by default those of the process), or serve; exit 2 on a bad setting."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if "--version" in (*given[:1], *given[-1:]):  # in between it is that of a model, and has a value
            print(f"unroll {version(DISTRIBUTION)}")
        elif given and given[0] in COMMANDS:
            COMMANDS[given[0]](given[1:])
        else:
            serve(CliApp.run(Settings, cli_args=given, cli_exit_on_error=False))
    except CliError as error:
        said = str(error).removeprefix("error parsing CLI: ")
        print(f"{printable(said, _MESSAGE)}; --help lists the flags", file=sys.stderr)
        sys.exit(2)
    except ValidationError as error:
        for line in dict.fromkeys(in_words(problem, given) for problem in error.errors(include_url=False)):
            print(line, file=sys.stderr)
        sys.exit(2)
    except UnrollError as error:
        print(error.detail, file=sys.stderr)
        sys.exit(2)


def in_words(problem: ErrorDetails, given: list[str]) -> str:
    """A setting that is wrong: the flag or the variable that it came from, its value where it is no secret, and why."""
    name = str(problem["loc"][0])
    flag, variable = "--" + name.replace("_", "-"), f"UNROLL_{name.upper()}"
    typed = any(each.partition("=")[0] == flag for each in given)
    where = flag if typed or variable not in map(str.upper, os.environ) else variable
    field = Settings.model_fields.get(name)
    shown = f"{str(problem['input'])[:100]!r}: " if field is not None and field.repr else ""
    return f"{where}: {shown}{problem['msg'].removeprefix('Value error, ')}"


if __name__ == "__main__":
    main()
