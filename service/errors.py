"""Every error this project raises on purpose; knows nothing of HTTP.

    UnrollError
    ├── InvalidInput           the caller sent something that has no answer
    ├── UnknownModel           no model, or no version, of that name
    ├── UnknownRequest         no row of that id in the request log
    ├── UnknownStream          no stream of that name
    ├── UnknownJob             no job of that id
    ├── JobEnded               the job has ended, and cannot be cancelled any more
    ├── JobsFull               as many jobs wait as may
    ├── StreamConflict         the stream is not what the request takes it to be
    ├── Unauthorized           no API key, or not one of ours
    ├── Forbidden              the key, or the web page that asks, does not cover what was asked
    ├── KeysUnavailable        the API keys cannot be read now
    ├── QuotaExceeded          the client has asked as often as it may
    ├── QuotasUnavailable      requests cannot be counted now
    ├── Overloaded             too much is in hand already
    ├── MalformedRequest       no request that HTTP defines
    ├── MisdirectedRequest     asked under a name that is not this service's
    ├── BodyTooLarge           more bytes than the settings allow
    ├── UnsupportedMediaType   a body in a form that is not read here
    ├── ModelRejected          a model folder that must not be served
    │   └── ModelPending       its turn to be looked at did not come
    ├── ModelUnavailable       the model exists and cannot answer now
    ├── NotRecorded            the row is there, but not the answer that it was about
    ├── OutcomeConflict        an outcome contradicts the one on record
    ├── LogUnavailable         the request log cannot take or give rows now
    │   ├── LogFull            its queue is at its bound
    │   └── AppendLost         somebody else appended to the stream first
    ├── NonFiniteOutput        a network answered NaN or infinity
    └── SettingsError          the service was told something it cannot do
        ├── BatchStopped       a batch cannot go on now
        └── ClusterUnavailable the Ray cluster cannot be reached, or is lost

``http/errors.py`` holds the one table from these classes to status codes.
Messages are written for the person who has to act on them and never repeat the input.
"""

from __future__ import annotations

from dataclasses import dataclass


def to_install(extra: str) -> str:
    """How to get ``extra``: from the clone, since no package index has this project."""
    return f"pip install '.[{extra}]' in the clone, or the same with the wheel file in place of the dot"


class UnrollError(Exception):
    """Root of the tree. ``code`` is the stable, machine-readable name of what went wrong."""

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where it is (a path such as ``sequence.3``) and what was expected."""

    where: str
    expected: str


class InvalidInput(UnrollError):
    """The input has no answer; ``problems`` says where and what was expected instead.

    ``parts`` is into how many requests one that asked for too much is to be divided, 0 where that is not known.
    """

    code = "invalid_input"

    def __init__(
        self, detail: str, *, code: str | None = None, problems: tuple[Problem, ...] = (), parts: int = 0
    ) -> None:
        super().__init__(detail, code=code)
        self.problems, self.parts = problems, parts


class UnknownModel(UnrollError):
    """No served model has that name, or the model has no such version."""

    code = "unknown_model"


class UnknownRequest(UnrollError):
    """The request log has no row with that id."""

    code = "unknown_request"


class UnknownStream(UnrollError):
    """There is no stream of that name, or it is another client's."""

    code = "unknown_stream"


class UnknownJob(UnrollError):
    """There is no job of that id, or it is another client's, or it was forgotten."""

    code = "unknown_job"


class JobEnded(UnrollError):
    """The job has ended already, so that it cannot be cancelled."""

    code = "job_ended"


class JobsFull(UnrollError):
    """As many jobs wait, or as large ones, as may; one more was refused before any work."""

    code = "too_many_jobs"


class StreamConflict(UnrollError):
    """The stream is closed, has other settings or values, or expects another number; ``problems`` says which."""

    code = "stream_conflict"

    def __init__(self, detail: str, *, code: str | None = None, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(detail, code=code)
        self.problems = problems


class Unauthorized(UnrollError):
    """The request came without an API key, or with one that is not known."""

    code = "unauthorized"


class Forbidden(UnrollError):
    """The API key does not cover what was asked, or a web page asks that may not."""

    code = "forbidden"


class KeysUnavailable(UnrollError):
    """The file of API keys cannot be read any more, so nobody can be let in."""

    code = "keys_unavailable"


class QuotaExceeded(UnrollError):
    """The client has asked as often as its quota allows."""

    code = "quota_exceeded"


class QuotasUnavailable(UnrollError):
    """The store that counts requests cannot be reached, so nobody can be told what is left."""

    code = "quotas_unavailable"


class Overloaded(UnrollError):
    """The service has as much in hand as its settings allow; the request was refused before any work."""

    code = "overloaded"


class MalformedRequest(UnrollError):
    """The request's headers are not those of an HTTP request."""

    code = "malformed_request"


class MisdirectedRequest(UnrollError):
    """The request was sent to a name that is not one of this service's."""

    code = "misdirected_request"


class BodyTooLarge(UnrollError):
    """The body has more bytes than the settings allow."""

    code = "body_too_large"


class UnsupportedMediaType(UnrollError):
    """The body's Content-Type or Content-Encoding is not one that is read here."""

    code = "unsupported_media_type"


class ModelRejected(UnrollError):
    """A model folder is incomplete, altered, or does not give its own golden answers."""

    code = "model_rejected"


class ModelPending(ModelRejected):
    """A model folder was not looked at to the end; the next look at it may find out more."""

    code = "model_pending"


class ModelUnavailable(UnrollError):
    """The model exists but cannot answer at the moment."""

    code = "model_unavailable"


class NotRecorded(UnrollError):
    """The request log has the row, but its bodies were not kept or hold no answer that could come true."""

    code = "not_recorded"


class OutcomeConflict(UnrollError):
    """A different outcome is on record already."""

    code = "outcome_conflict"


class LogUnavailable(UnrollError):
    """The request log cannot be written or read at the moment."""

    code = "log_unavailable"


class LogFull(LogUnavailable):
    """The request log's queue is at its bound; the request was refused before any work."""

    code = "log_full"


class AppendLost(LogUnavailable):
    """The stream's next number is not what the append took it to be: somebody else was first."""

    code = "append_lost"


class NonFiniteOutput(UnrollError):
    """A network answered NaN or infinity: a defect of the model, never passed on as a number."""

    code = "non_finite_output"


class SettingsError(UnrollError):
    """The service was configured with something that it cannot do."""

    code = "settings"


class BatchStopped(SettingsError):
    """A part of a batch cannot be read, answered or written; what is done stays."""

    code = "batch_stopped"


class ClusterUnavailable(SettingsError):
    """The Ray cluster that was to do the work cannot be reached, or was lost."""

    code = "cluster_unavailable"
