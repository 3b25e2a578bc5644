"""Every setting of the service, once: its name, default, unit and consequence.

Each field is the environment variable ``UNROLL_<NAME>`` and the flag ``--<name>``; the flag wins. Knows nothing
of what the settings do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.lists import Hosts, Origins, Proxies

_KIB = 1024
_LEAST, _DAY = 0.01, 86_400
_MOST_BYTES = 2**40


def _enough(seconds: float) -> float:
    if 0 < seconds < _LEAST:
        raise ValueError(f"either 0 or at least {_LEAST}")
    return seconds


# None of them for ever: what is waited for must end, and a poll must leave time for others.
Seconds = Annotated[float, Field(ge=_LEAST, le=_DAY, allow_inf_nan=False)]
SecondsOrNone = Annotated[float, Field(ge=0, le=_DAY, allow_inf_nan=False), AfterValidator(_enough)]


def _folder(path: Path) -> Path:
    """``path``, which can be looked into."""
    try:
        os.listdir(path)
    except OSError as error:
        raise ValueError(f"no folder that can be read ({error.strerror})") from error
    return path


def _host(text: str) -> str:
    """``text``, which an address or a name can be."""
    if not text or text[0] == "[" or not text.isprintable():
        raise ValueError("an address or a name is expected, an IPv6 address without brackets: ::1")
    return text


def _published() -> Path:
    """The published models: inside the installed package, or beside it in a clone."""
    shipped = Path(__file__).parent / "published"
    return shipped if shipped.is_dir() else Path(__file__).parents[1] / "models"


class Settings(BaseSettings):
    """Serve recurrent networks over HTTP, with evidence for each answer and a durable request log."""

    model_config = SettingsConfigDict(
        env_prefix="UNROLL_",
        frozen=True,
        extra="ignore",
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_avoid_json=True,
        cli_show_env_vars=True,
        cli_prog_name="python -m service",
        allow_inf_nan=False,
    )

    host: Annotated[str, AfterValidator(_host)] = Field(
        default="127.0.0.1",
        description="Address to listen on. The default answers this machine only.",
    )
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port to listen on; 0 takes a free one.")
    workers: int = Field(
        default=1, ge=1, le=64, description="Server processes. Each loads all models; they share the request log."
    )
    api_keys_file: Path | None = Field(
        default=None,
        description="File of API keys, made by `python -m service key new`; then every route but health, page and docs "
        "needs one. Without it anybody may ask anything, which is why the service then listens on this machine only.",
    )
    allow_anonymous: bool = Field(
        default=False, description="Listen on any address without API keys: whoever reaches it may ask anything."
    )
    quota: str | None = Field(
        default=None,
        description="How often each key (or address, without keys) may ask, such as 100/minute or 10/second;5000/day; "
        "more is answered 429. A "
        "request counts once for each millisecond of computing that it is estimated to take. None by default.",
    )
    quota_url: str | None = Field(
        default=None,
        repr=False,
        description="redis://HOST:PORT/0 where requests are counted for all workers and machines; needs the extra "
        "`redis`. By default each process counts its own, so one worker only.",
    )
    trusted_proxies: Proxies = Field(
        default="",
        description="Addresses or networks of proxies, with commas between, whose X-Forwarded-For and -Proto are "
        "believed. None by default: anybody could write those headers.",
    )
    root_path: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="Path prefix under which a proxy shows the service, such as /unroll.",
    )
    allowed_hosts: Hosts = Field(
        default="",
        description="Names, with commas between, under which the service is asked besides its own address and "
        "localhost, such as unroll.example.org; under another it answers 421. With API keys any name will do, unless "
        "some are given here.",
    )
    cors_origins: Origins = Field(
        default="",
        description="Origins of web pages, with commas between, whose scripts may ask from a browser, such as "
        "https://example.org. None by default: without API keys, what pages of other origins ask is answered 403.",
    )
    drain_seconds: SecondsOrNone = Field(
        default=0.0,
        description="Seconds between SIGTERM (or SIGINT, SIGHUP) and the closing of the sockets, in which requests are "
        "still answered but readiness is 503, so that a load balancer can send traffic elsewhere.",
    )
    read_timeout: Seconds = Field(
        default=10.0,
        description="Seconds in which a request's headers, and then each further 64 KiB of its body, must arrive, and "
        "in which a client must take some of its answer; else the connection is closed.",
    )
    models_dir: Annotated[Path, AfterValidator(_folder)] | None = Field(
        default=None,
        description="Folder of your own <name>/<version>/ model folders; by default ./models, now or as soon as there "
        "is one. They are served beside the published ones; of the same name and version, yours is.",
    )
    published_models: bool = Field(
        default=True, description="Whether the published models that come with the package are served too."
    )
    models_poll_seconds: SecondsOrNone = Field(
        default=1.0,
        description="Seconds between two looks into the models' folders for new, changed or removed versions, which "
        "are then served with no restart; 0 never looks.",
    )
    runtime: Literal["onnx", "tensorflow"] = Field(
        default="onnx",
        description="What runs the networks: ONNX Runtime, or TensorFlow from model.keras, the reference, which needs "
        "the extra `training` and is far slower.",
    )
    database_url: str = Field(
        default="sqlite:///unroll.db",
        repr=False,
        description="SQLAlchemy URL of the request log. The default is a file in the current folder. Every user of the "
        "machine sees flags in the list of processes: a password belongs in the environment variable or in ~/.pgpass.",
    )
    body_limit: int = Field(
        default=8 * _KIB * _KIB,
        ge=_KIB,
        le=2**30,
        description="Largest request body in bytes; a larger one is answered 413.",
    )
    concurrency: int = Field(
        default=256,
        ge=1,
        le=100_000,
        description="Questions that a process has in hand at once; more are answered 503 at once.",
    )
    stream_memory: int = Field(
        default=128 * _KIB * _KIB,
        ge=_KIB,
        le=_MOST_BYTES,
        description="Bytes of streams that a process holds, those that took a value last: some 4,400 with the window "
        "that is the default. Another one is rebuilt from the record for its next value.",
    )
    stream_followers: int = Field(
        default=256,
        ge=1,
        le=100_000,
        description="Connections that may wait for the events of streams in a process at once, beside the questions in "
        "hand; more are answered 503.",
    )
    large_bytes: int = Field(
        default=128 * _KIB * _KIB,
        ge=_KIB,
        le=_MOST_BYTES,
        description="Bytes of unfinished bodies, and of bodies and answers over 64 KiB, that a process has in hand at "
        "once, bounding memory; more are answered 503 immediately.",
    )
    queue_timeout: Seconds = Field(
        default=5.0, description="Seconds that a question may wait for a thread before it is answered 503."
    )
    work_limit: Seconds = Field(
        default=5.0,
        description="Estimated seconds of one core's computing that a request may ask for; more is answered 422, with "
        "what would fit.",
    )
    work_timeout: Seconds = Field(
        default=30.0, description="Seconds after which an answer that is not computed is given up, and answered 503."
    )
    log_lines: Literal["json", "text"] = Field(
        default="json",
        description="What the service writes on the terminal when something is wrong: a 'json' object a line, with "
        "the request_id, or 'text' for a person.",
    )
    log_durability: Literal["power", "process"] = Field(
        default="power",
        description="What a logged answer survives: 'power' loss of the machine (each commit is synced to disk), or "
        "death of the 'process' only (faster).",
    )
    log_bodies: Literal["full", "shape", "off"] = Field(
        default="full",
        description="What a row keeps of request and response: 'full' bytes up to --log-body-limit, 'shape' only "
        "sizes and digests, or 'off' for neither.",
    )
    log_body_limit: int = Field(
        default=64 * _KIB,
        ge=0,
        le=2**30,
        description="Largest body in bytes that a row keeps; of a larger one it keeps size and SHA-256.",
    )
    log_keep_days: float | None = Field(
        default=None,
        gt=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="Days after which logged requests are deleted for good; never by default. In the day after a week "
        "without any request nothing is deleted, in case it is the clock that jumped.",
    )
    log_queue_rows: int = Field(
        default=4096,
        ge=1,
        le=1_000_000,
        description="Rows that may wait for the log; when full, requests are answered 503 early.",
    )
    log_queue_bytes: int = Field(
        default=64 * _KIB * _KIB,
        ge=_KIB,
        le=_MOST_BYTES,
        description="Bytes of bodies that may wait for the log, bounding memory.",
    )
    log_on_failure: Literal["refuse", "serve"] = Field(
        default="refuse",
        description="When the log cannot be written: 'refuse' answers 503, 'serve' answers without a record and "
        "counts it.",
    )
    log_commit_timeout: Seconds = Field(
        default=5.0, description="Seconds that an answer waits for its row to be committed before it is a 503."
    )
    log_read_timeout: Seconds = Field(
        default=10.0,
        description="Seconds after which statistics, live quality or a piece of an export is given up with 503; a "
        "process reads one of those at a time.",
    )

    @property
    def models_folders(self) -> tuple[Path, ...]:
        """Where models are looked for, the folder that counts most first."""
        own = self.models_dir or Path("models")
        return (own, _published()) if self.published_models else (own,)
