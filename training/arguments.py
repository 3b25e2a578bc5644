"""What may stand behind an option: whole numbers, folders to read and folders to write; refusals in words."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def natural(text: str) -> int:
    """A seed."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2^32 - 1")
    return int(text)


def positive(text: str) -> int:
    """A number of things."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def folder(text: str) -> Path:
    """A folder, or where there may come to be one."""
    path = Path(text)
    if os.path.exists(path) and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a file, not a folder")
    return path


def target(text: str) -> Path:
    """A folder to write to; found out before any work, as it would else be after all of it."""
    path = folder(text)
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # more of these below
    except OSError as error:  # such as a name that is too long
        raise argparse.ArgumentTypeError(f"{text[:40]!r} cannot be a folder: {error.strerror}") from None
    nearest = next(each for each in (path, *path.absolute().parents) if os.path.lexists(each))
    if nearest.is_symlink() and not nearest.exists():
        raise argparse.ArgumentTypeError(f"{text!r} cannot be a folder: {str(nearest)!r} is a link that leads nowhere")
    if not nearest.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} would be in {str(nearest)!r}, which is a file")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written to: permission denied")
    return path
