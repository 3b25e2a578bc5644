"""What all tests share: the published models, folders to damage, services to ask, and a recipe that trains quickly."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

from service.inference.catalog import Catalog
from service.inference.engine import Engine
from service.inference.repository import Repository
from tests.serving import in_thread
from training import jobs
from training.jobs import Job
from training.recipes import Recipe, Stage

pytest.register_assert_rewrite("tests.problems")

MODELS = Path(__file__).parents[1] / "models"
# Twenty seconds and more, the longest first: begun in this order, so that no process is left alone with one at the end.
LONGEST = (
    *("training/series/test_command.py", "system/test_ray.py", "system/test_memory.py", "benchmarks/test_real_run.py"),
    *("system/test_schemathesis.py", "system/test_clients.py", "system/test_torture.py", "service/test_server.py"),
    *("training/series/test_covariates_command.py", "page/test_page.py", "system/test_guided.py"),
    *("system/test_costs.py", "docs/test_lecture.py", "training/test_training_cli.py"),
    *("system/test_alone_or_together.py", "service/test_connection.py", "service/batch/test_processes.py"),
    *("training/test_export.py", "end_to_end/test_own_series.py", "benchmarks/test_batch.py"),
    *("system/test_million_rows.py", "training/series/test_going_on.py", "training/general/test_general_fitting.py"),
    *("training/series/test_ill_tables.py", "service/inference/test_alone_or_together.py"),
    *("service/protocols/nixtla/test_jobs.py", "training/text/test_writing.py", "training/test_trainer.py"),
)

# Playwright comes with greenlets, which belong in no process that coverage watches: a dying thread's greenlet
# calling back into coverage has stood at full processor for ever. `pytest tests/page` is a process without it.
collect_ignore = ["page"] if Coverage.current() is not None else []

# What tests train is small: to optimize its programs takes several times longer than to run them as they are.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")

# The same examples at every run: a red build means a change.
settings.register_profile(
    "unroll", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unroll")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first; xdist hands them out in this order."""
    place = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST)}
    learning = {item.path for item in items if item.get_closest_marker("tensorflow")}
    items.sort(key=lambda item: (place.get(item.path, len(place)), item.path not in learning))
    for item in items:
        if item.get_closest_marker("tensorflow"):
            # Keras 3.15 reads TensorFlow's variables in a way that NumPy 2 warns of; nothing here can change that.
            item.add_marker(pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Training runs TensorFlow with one thread, and TensorFlow is told so only before its first work.

    Networks that a test builds itself start from the same weights at every run.
    """
    if item.get_closest_marker("tensorflow"):
        import keras

        from training.trainer import use_one_thread

        use_one_thread()
        keras.utils.set_random_seed(0)


CopyModel = Callable[..., Path]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The published models."""
    return Repository(MODELS).catalog


@pytest.fixture(scope="session")
def engine(catalog: Catalog) -> Engine:
    return Engine(catalog)


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the whole application with the published models, served by a thread of this process."""
    file = tmp_path_factory.mktemp("api") / "unroll.db"
    with in_thread(models_dir=MODELS, database_url=f"sqlite:///{file}", log_durability="process") as client:
        yield client


@pytest.fixture(scope="session")
def four_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sine models and the general one that answers for all others."""
    folder = tmp_path_factory.mktemp("four")
    for name in ("sine-simplernn", "sine-lstm", "sine-gru", "series-gru"):
        shutil.copytree(MODELS / name, folder / name)
    return folder


@pytest.fixture
def serve_four_models(four_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of something else than models that start a service each."""
    monkeypatch.setenv("UNROLL_MODELS_DIR", str(four_models))
    monkeypatch.setenv("UNROLL_PUBLISHED_MODELS", "false")


@pytest.fixture
def copy_model(tmp_path: Path) -> CopyModel:
    """Copies a published model's folder into ``tmp_path/models``, to be damaged there."""

    def copy(name: str = "sine-gru") -> Path:
        target = tmp_path / "models" / name / "1"
        shutil.copytree(MODELS / name / "1", target)
        return target

    return copy


@pytest.fixture(scope="session")
def small_recipe() -> Recipe:
    """A sine network that trains within seconds, free-running stage included."""
    stages = (
        Stage(4, 8, 5e-3, 1e-3, chunk=2, timesteps=12),
        Stage(2, 8, 1e-3, 1e-4, chunk=1, timesteps=10, horizon=5),
    )
    return Recipe("sine-gru", "sine", "gru", "sine", (5,), stages, after=(4,))


@pytest.fixture(scope="session")
def small_trained(small_recipe: Recipe) -> tuple[Any, list[tuple[int, int]]]:
    """That network as it is trained from seed 0, and what was told meanwhile: updates done, and of how many."""
    from training import trainer

    told: list[tuple[int, int]] = []
    return trainer.train(small_recipe, 0, lambda progress: told.append((progress.done, progress.total))), told


@pytest.fixture
def jobs_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without worker processes, each of which would start TensorFlow anew: for what comes of the jobs of a command."""

    def run(work: Iterable[Job], *_: object) -> dict[str, Any]:
        results: dict[str, Any] = {}
        for job in work:
            sent: Job = pickle.loads(pickle.dumps(job))  # noqa: S301  (our own, as it would go to a worker)
            results[job.label] = pickle.loads(pickle.dumps(sent.work(*sent.arguments, lambda _: None)))  # noqa: S301
        return results

    monkeypatch.setattr(jobs, "run", run)
