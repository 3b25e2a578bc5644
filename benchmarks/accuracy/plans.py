"""Which runs an evaluation and a reproduction are made of, leaving out those that are stored; runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.accuracy import run_store, runs
from benchmarks.accuracy.studies import EQUAL_PARAMETERS, SHORT_MEMORY
from service.folders import read_folder
from training.jobs import Job
from training.recipes import CELLS, Recipe
from training.registry import PUBLISHED

PUBLISHED_SEED = 0
TIMED = tuple(f"textbook-linear-simplernn-{size}" for size in ("20", "256", "4x34"))


def evaluation(recipes: Sequence[Recipe], seeds: int, models: Path, folder: Path, count: int) -> Iterator[Job]:
    """Parity of the published folders, S8's study, then every further seed, all models of one seed before the next."""
    for recipe in recipes:
        published = models / recipe.name / "1"
        if published.is_dir():
            digest = read_folder(published).card.checksums["model.onnx"]
            if not run_store.stored(folder, f"S10-{recipe.name}", 0, digest):
                yield Job(
                    f"{recipe.name}, served against Keras", runs.served_against_keras, (recipe.name, models, folder)
                )
    ours = [recipe for recipe in recipes if recipe.family != "textbook"]
    studies = [SHORT_MEMORY[recipe.cell] for recipe in ours if recipe.task == "memory"]
    yield from _scored(studies, PUBLISHED_SEED, folder, count)
    for seed in range(PUBLISHED_SEED + 1, seeds):
        yield from _scored(ours, seed, folder, count)


def reproduction(seeds: int, folder: Path, count: int) -> Iterator[Job]:
    """The lecture's models and labs (S1), the labs trained our way (S2, S3), and the clock (S12)."""
    for name in TIMED:
        if not run_store.stored(folder, f"S12-{name}", 0, "S12"):
            yield Job(f"{name}, timed", runs.time_against_fit, (PUBLISHED[name], 0, folder))
    textbook = [recipe for recipe in PUBLISHED.values() if recipe.family == "textbook"]
    textbook += [recipe for recipe in EQUAL_PARAMETERS.values() if recipe.name not in PUBLISHED]
    for seed in range(seeds):
        yield from _scored(textbook, seed, folder, count)
        for study in ("S2", "S3"):
            for cell in CELLS:
                if not run_store.stored(folder, f"{study}-{cell}", seed, runs.lab_fingerprint(study)):
                    yield Job(f"{study} {cell}, seed {seed}", runs.fit_lab, (study, cell, seed, folder))


def _scored(recipes: Sequence[Recipe], seed: int, folder: Path, count: int) -> Iterator[Job]:
    for recipe in recipes:
        if not run_store.stored(folder, recipe.name, seed, run_store.fingerprint(recipe, count)):
            yield Job(f"{recipe.name}, seed {seed}", runs.train_and_score, (recipe, seed, folder, count))
