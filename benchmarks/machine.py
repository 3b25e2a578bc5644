"""What a measurement was made on: date, machine class and versions. Knows nothing of what is measured."""

from __future__ import annotations

import os
import platform
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from service import DISTRIBUTION

_PACKAGES = ("fastapi", "uvicorn", "onnxruntime", "keras")


def described(target: str, module: str, arguments: list[str] | None) -> dict[str, Any]:
    """Date, cores, processor and versions, and the command that measured.

    ``target`` is what make calls ``module`` with no further ``arguments`` (by default those of the process).
    """
    given = sys.argv[1:] if arguments is None else arguments
    plain = not [each for each in given if each != "--peers"]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "versions": {
            "Python": platform.python_version(),
            "unroll": version(DISTRIBUTION),
            **{name: version(name) for name in _PACKAGES},
        },
        "commit": _commit(),
        "command": f"make {target}" if plain else shlex.join(["python", "-m", module, *given]),
    }


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _commit() -> str:
    """The commit that was measured, empty outside a repository."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
