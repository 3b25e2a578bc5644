"""The peers as contestants, and the environments that they run in: made when first asked for, one each.

An environment is a folder under ``runs/peers/`` with the packages that ``<peer>/requirements.txt`` pins.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import ROOT, RUNS, SEQUENCE, SHARED, Contestant, body

ENVIRONMENTS = RUNS / "peers"
_HERE = Path(__file__).parent
_TENSOR = {"name": "sequence", "shape": [1, len(SEQUENCE), 1], "datatype": "FP64", "data": SEQUENCE}
_OPEN_INFERENCE = ("/v2/models/sine-gru/infer", json.dumps({"inputs": [_TENSOR]}), ("outputs", 0, "data", 0))
_OWN = ("/predict", body(), ("value",))


@dataclass(frozen=True, slots=True)
class Peer:
    """A framework: its folder here, the Python that it wants, and the contestant that runs in its environment.

    ``shared``: that Python must have its library as a file to link to.
    """

    folder: str
    python: str
    contestant: Callable[[Path], Contestant]
    shared: bool = False


class Unavailable(Exception):
    """The peer cannot be run on this machine; the message says why."""


def _mlserver(environment: Path) -> Contestant:
    command = (str(environment / "bin" / "mlserver"), "start", str(_HERE / "mlserver"))
    ports = {"MLSERVER_HTTP_PORT": "{port}", "MLSERVER_GRPC_PORT": "{second}", "MLSERVER_METRICS_PORT": "{third}"}
    return Contestant("MLServer", command, *_OPEN_INFERENCE, {**SHARED, **ports})


def _litserve(environment: Path) -> Contestant:
    command = (str(environment / "bin" / "python"), "-m", "benchmarks.peers.litserve.app", "{port}")
    return Contestant("LitServe", command, *_OWN, SHARED)


def _bentoml(environment: Path) -> Contestant:
    program = str(environment / "bin" / "bentoml")
    command = (program, "serve", "benchmarks.peers.bentoml.app:SineGru", "--host", "127.0.0.1", "--port", "{port}")
    quiet = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(environment / "home")}
    return Contestant("BentoML", command, *_OWN, {**SHARED, **quiet})


def _pytriton(environment: Path) -> Contestant:
    python = str(environment / "bin" / "python")
    command = (python, "-m", "benchmarks.peers.pytriton.app", "{port}", "{second}", "{third}")
    ask = "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))"
    folder = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    return Contestant("PyTriton", command, *_OPEN_INFERENCE, {**SHARED, "LD_LIBRARY_PATH": folder})


def _ray(environment: Path) -> Contestant:
    command = (str(environment / "bin" / "python"), "-m", "benchmarks.peers.ray.app", "{port}")
    tuned = {"RAY_SERVE_THROUGHPUT_OPTIMIZED": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    return Contestant("Ray Serve, on both cores", command, *_OWN, {**SHARED, **tuned}, cores="0,1")


PEERS = (
    Peer("mlserver", "3.11", _mlserver),
    Peer("litserve", "3.11", _litserve),
    Peer("bentoml", "3.11", _bentoml),
    Peer("pytriton", "3.12", _pytriton, shared=True),
    Peer("ray", "3.11", _ray),
)


def contestants(peers: Sequence[Peer] = PEERS) -> tuple[list[Contestant], dict[str, str]]:
    """Those of ``peers`` that this machine can run, and why each of the others is left out."""
    found: list[Contestant] = []
    left_out: dict[str, str] = {}
    for peer in peers:
        try:
            found.append(peer.contestant(prepared(peer)))
        except Unavailable as reason:
            left_out[peer.folder] = str(reason)
    return found, left_out


def prepared(peer: Peer) -> Path:
    """The environment of ``peer``, with what its requirements pin. Raises :class:`Unavailable`."""
    requirements = _HERE / peer.folder / "requirements.txt"
    environment, installed = ENVIRONMENTS / peer.folder, ENVIRONMENTS / peer.folder / "installed.txt"
    if installed.exists() and installed.read_bytes() == requirements.read_bytes():
        return environment
    print(f"installing {peer.folder} into {environment.relative_to(ROOT)}", file=sys.stderr)
    shutil.rmtree(environment, ignore_errors=True)
    uv = (sys.executable, "-m", "uv")
    _run(
        *uv,
        "venv",
        "--quiet",
        "--no-python-downloads",
        "--python",
        interpreter(peer.python, shared=peer.shared),
        str(environment),
    )
    _run(*uv, "pip", "install", "--quiet", "--python", str(environment), "--requirement", str(requirements))
    installed.write_bytes(requirements.read_bytes())
    return environment


def interpreter(version: str, *, shared: bool) -> str:
    """A Python of that version, ``3.12``. Raises :class:`Unavailable` without one."""
    ask = f"import sys, sysconfig; assert '{version}' == '%d.%d' % sys.version_info[:2]"
    if shared:
        ask += " and sysconfig.get_config_var('Py_ENABLE_SHARED')"
    managed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), reverse=True)
    for each in (sys.executable, f"python{version}", *map(str, managed)):
        found = shutil.which(each)
        if found and subprocess.run([found, "-c", ask], capture_output=True, check=False).returncode == 0:
            return found
    raise Unavailable(f"needs Python {version}" + (" with a shared library" if shared else ""))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        raise Unavailable("its packages cannot be installed here")


def versions() -> dict[str, str]:
    """The pinned version of each peer's own package."""
    packages = {"mlserver": "mlserver", "litserve": "litserve", "bentoml": "bentoml", "ray": "ray"}
    packages["pytriton"] = "nvidia-pytriton"
    pinned: dict[str, str] = {}
    for folder, package in packages.items():
        for line in (_HERE / folder / "requirements.txt").read_text().splitlines():
            name, _, version = line.partition("==")
            if name.partition("[")[0] == package:
                pinned[package] = version.partition(" ")[0]
    return pinned
