"""Name and version -> loaded model. Knows readiness, not what is asked of a model."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator
from typing import Literal, get_args

import numpy as np

from service.cards import Cell, Golden, ModelCard
from service.covariates import Beside
from service.errors import ModelRejected, ModelUnavailable, SettingsError, UnknownModel, UnrollError, to_install
from service.folders import ModelFolder
from service.inference.candidates import Candidates
from service.inference.model import Made, Model
from service.inference.network import Network
from service.inference.onnx_form import Form
from service.inference.padding import batches
from service.inference.readings import reading_of

Runtime = Literal["onnx", "tensorflow"]
CELLS: tuple[Cell, ...] = get_args(Cell)

# How far a served answer may be from the answer Keras gave at export, as a share of the larger of the answer
# and the window's own scale: float32 arithmetic in another order leaves about 1e-6.
GOLDEN_TOLERANCE = 1e-5


class Catalog:
    """The models that are served, and those that were refused with the reason.

    Whoever changes it puts new dictionaries in the place of the old, so that readers in other threads need no lock.
    What may be chosen and what is of which task is found out once after each change.
    """

    def __init__(self, models: list[Model], refused: dict[str, str]) -> None:
        self._versions: dict[str, dict[str, Model]] = {}
        self.refused = refused
        for model in sorted(models, key=lambda m: (m.card.name, int(m.card.version))):
            self._versions.setdefault(model.card.name, {})[model.card.version] = model
        self._lock = threading.RLock()  # of those who change it
        # Asked before a name is said to be unknown: whether it may be known by now.
        self.catch_up: Callable[[str], bool] = lambda _: False
        self._candidates: Candidates | None = None
        self._tasks: dict[str, list[Model]] | None = None

    def __iter__(self) -> Iterator[Model]:
        """Every served model, highest version only, by name."""
        return (next(reversed(versions.values())) for versions in self._versions.values())

    def everyone(self) -> list[Model]:
        """Every version of every served model."""
        return [model for versions in self._versions.values() for model in versions.values()]

    def put(self, name: str, models: list[Model], refused: dict[str, str]) -> None:
        """Serve exactly ``models`` as the versions of ``name``; ``refused`` maps its bad versions to the reason."""
        with self._lock:
            others = {each: versions for each, versions in self._versions.items() if each != name}
            if models:
                ordered = sorted(models, key=lambda model: int(model.card.version))
                others[name] = {model.card.version: model for model in ordered}
            self._versions = dict(sorted(others.items()))
            self._candidates = self._tasks = None
            self.refused = {each: reason for each, reason in self.refused.items() if each.partition("/")[0] != name}
            self.refuse(name, refused)

    def refresh(self) -> None:
        """Of some models it is known by now whether they can be loaded."""
        self._candidates = None

    def withdraw(self, name: str, version: str, reason: str) -> None:
        """Serve that version no longer."""
        with self._lock:
            prefix = f"{name}/"
            refused = {each.removeprefix(prefix): why for each, why in self.refused.items() if each.startswith(prefix)}
            others = [model for each, model in self._versions.get(name, {}).items() if each != version]
            self.put(name, others, {**refused, version: reason})

    def refuse(self, name: str, refused: dict[str, str]) -> None:
        """Keep in mind why versions of ``name`` are refused; a version of that number that is served goes on."""
        with self._lock:
            self.refused = {**self.refused, **{f"{name}/{version}": reason for version, reason in refused.items()}}

    def __len__(self) -> int:
        return len(self._versions)

    def versions(self, name: str) -> list[str]:
        """Served versions of ``name``, lowest first."""
        return list(self._versions.get(name, ()))

    def get(self, name: str, version: str | None = None) -> Model:
        """The model of that name, its highest version when none is given.

        Raises:
            UnknownModel: no such name, or no such version of it.
            ModelUnavailable: the folder is there and was refused at load.
        """
        versions = self._versions.get(name, {})
        if version is None and versions:
            return next(reversed(versions.values()))
        if version is not None and version in versions:
            return versions[version]
        self._refuse_if_refused(name, version)
        if not versions and self.catch_up(name):
            return self.get(name, version)
        if versions:
            raise UnknownModel(f"{name} has no such version; served: {', '.join(versions)}", code="unknown_version")
        raise UnknownModel("no model of that name is served; GET /models lists them")

    def _refuse_if_refused(self, name: str, version: str | None = None) -> None:
        for reference, reason in self.refused.items():
            refused_name, _, refused_version = reference.partition("/")
            if refused_name == name and (version in (None, refused_version) or not refused_version):
                raise ModelUnavailable(f"this model is not served: {reason}")

    def find(self, name: str, version: str | None = None) -> Model | None:
        """Like :meth:`get`, but None for what is not served."""
        versions = self._versions.get(name, {})
        return versions.get(next(reversed(versions), "") if version is None else version)

    def task(self, name: str | None) -> str | None:
        """The task of the served model of that name; None without a name, or where it is served no longer."""
        found = None if name is None else self.find(name)
        return None if found is None else found.card.task

    @property
    def candidates(self) -> Candidates:
        """Those that may be chosen for a series that came without a model's name."""
        found = self._candidates
        if found is None:
            found = self._candidates = Candidates(self)
        return found

    def of_task(self, task: str) -> list[Model]:
        """The served models that are compared for ``task``: SimpleRNN, LSTM and GRU, then by name.

        Those called by the task and their cell, as far as they are served; where there are none, all of the task.

        Raises:
            UnknownModel: no model is served for that task.
            ModelUnavailable: those that would be were refused at load.
        """
        of_it = self._by_task().get(task)
        if of_it is None:
            for cell in CELLS:
                self._refuse_if_refused(f"{task}-{cell}")
            tasks = ", ".join(self.tasks()) or "no task"
            raise UnknownModel(f"no such task; models are served for {tasks}", code="unknown_task")
        called = [model for model in of_it if model.card.name == f"{task}-{model.card.architecture}"]
        return sorted(called or of_it, key=lambda model: (CELLS.index(model.card.architecture), model.card.name))

    def tasks(self) -> list[str]:
        """Names of the tasks that models are served for."""
        return sorted(self._by_task())

    def _by_task(self) -> dict[str, list[Model]]:
        found = self._tasks
        if found is None:
            found = {}
            for model in self:
                found.setdefault(model.card.task, []).append(model)
            self._tasks = found
        return found


def load(folder: ModelFolder, runtime: Runtime = "onnx") -> Model:
    """The model of a checked folder on ``runtime``, its golden answers met.

    Raises:
        ModelRejected: the network is not what the card says, or does not give the golden answers.
    """
    card = folder.card
    reference = f"{card.name}/{card.version}"
    try:
        reading = reading_of(card)
        onnx = reading.load(folder.onnx)
        _require_what_the_card_says(onnx.form, card)
        of_keras = runtime == "tensorflow" and reading.either_runtime
        network = _keras_network(folder.keras, reading.features) if of_keras else onnx
        model = Model(reading, card, Made(network, onnx.weights, folder.plots))
        worst = _golden_error(model, folder.golden)
    except UnrollError as error:
        raise ModelRejected(f"{reference}: {error.detail}") from error
    except Exception as error:  # a network of another form fails in ways of its own; the others must serve
        raise ModelRejected(f"{reference}: the network cannot be run ({type(error).__name__})") from error
    if not worst <= GOLDEN_TOLERANCE:
        raise ModelRejected(f"{reference}: golden answers are missed by {worst:.1e} of their scale")
    return model


def _require_what_the_card_says(form: Form, card: ModelCard) -> None:
    """What an answer costs is judged by the card, and what led to it is told by its layers."""
    found = [tuple(layer) for layer in form.layers]
    stated = [(layer.kind, layer.units, layer.activation) for layer in card.layers]
    if found != stated or card.parameters != form.parameters:
        raise ModelRejected(
            f"the ONNX file has {len(found)} layers with {form.parameters} parameters and the card "
            f"{len(stated)} with {card.parameters}, or layers of another kind"
        )


def require_runtime(runtime: Runtime) -> None:
    """Raise SettingsError where ``runtime`` is not installed."""
    if runtime == "tensorflow" and importlib.util.find_spec("tensorflow") is None:
        raise SettingsError(f"the runtime tensorflow needs an extra: {to_install('training')}")


def _keras_network(model: bytes | None, features: int) -> Network:
    if model is None:
        raise ModelRejected("model.keras is missing, which the runtime tensorflow needs")
    # Seconds to import and an extra to install: only for those who ask for it.
    from service.inference.keras_network import KerasNetwork

    return KerasNetwork(model, features)


def _golden_error(model: Model, golden: Golden) -> float:
    missed = []
    covariates = [case.covariates for case in golden.cases if case.covariates is not None]
    beside = Beside(tuple(covariates), 1) if len(covariates) == len(golden.cases) else None
    for posted in batches([case.sequence for case in golden.cases], (), beside):
        batch = model.reading.taken(posted)
        model.require(batch)
        cases = [golden.cases[row] for row in batch.rows.tolist()]
        missed.append(model.reading.missed(model.network, batch, cases))
    return float(np.max(missed))
