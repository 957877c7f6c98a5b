"""The same rehearsal with other seeds, each a job for a worker, and how each of them ended."""

from collections.abc import Iterator
from dataclasses import asdict, replace

from emulators.cluster.cluster import Cluster
from emulators.cluster.jobs import Job, JsonObject, SayProgress
from emulators.estate.forecast import SeedEnd, end_of
from emulators.estate.recipe import Recipe
from emulators.estate.rehearsing import rehearse_once
from ota_engine.errors import LocalError


def rehearse_seeds(cluster: Cluster, recipe: Recipe, seeds: range) -> Iterator[SeedEnd]:
    """Rehearse with some seeds, each on a worker; they end in any order.

    Raises:
        LocalError: one came to no end.
    """
    jobs = (Job(f"seed-{seed}", asdict(replace(recipe, seed=seed))) for seed in seeds)
    for end in cluster.run(seed_job, jobs):
        if end.result is None:
            raise LocalError(f"{end.name} came to no end: {end.trouble}")
        yield SeedEnd(**end.result)


def seed_job(task: JsonObject, shared: bytes | None, say: SayProgress) -> JsonObject:
    """Rehearse with one seed, in a worker."""
    recipe = Recipe(**{**task, "what_ifs": tuple(task["what_ifs"])})
    result = rehearse_once(recipe.scenario(), lambda _: say({}), real=recipe.real)
    return asdict(end_of(result))
