"""Units of soaks as jobs for the workers of a scheduler, and what comes back of them.

Knows ``emulators.cluster``; workers run ``soak_job``. Journals come back with the results.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from zlib import compress, decompress

from emulators.cluster.cluster import Cluster
from emulators.cluster.jobs import Job, JobEnd, JsonObject, SayProgress
from emulators.soak.soak import SoakSpec, run_shard
from emulators.soak.work import Unit, UnitEnd, UnitProgress, nobody
from emulators.soak.worker import journal_path
from images.files import write_whole


class ClusterCrew:
    """The workers of a scheduler as a crew.

    Args:
        cluster: opened.
        image: the octets that are delivered, where a file was given.
        journals: a folder for the journals, None to keep only their hashes.
        most: units at once; None for as many as keep all workers busy.
    """

    def __init__(
        self,
        cluster: Cluster,
        image: bytes | None = None,
        journals: Path | None = None,
        most: int | None = None,
    ) -> None:
        self._most = most
        self._cluster = cluster
        self._image = image
        self._journals = journals

    def run(self, units: Iterator[Unit], on_progress: UnitProgress = nobody) -> Iterator[UnitEnd]:
        """Run units; see ``emulators.soak.work.Crew``."""
        given: dict[str, Unit] = {}

        def jobs() -> Iterator[Job]:
            for unit in units:
                name = f"shard-{unit.spec.seed}-{unit.shard}"
                given[name] = unit
                task = {
                    "spec": asdict(unit.spec),
                    "shard": unit.shard,
                    "journal": self._journals is not None,
                }
                yield Job(name, task, alike=unit.spec.shell == "sim")

        def hear(name: str, word: JsonObject) -> None:
            on_progress(given[name], word["virtual"], word["blocks"])

        for end in self._cluster.run(soak_job, jobs(), hear, self._image, self._most):
            yield self._end(given.pop(end.name), end, on_progress)

    def _end(self, unit: Unit, end: JobEnd, on_progress: UnitProgress) -> UnitEnd:
        if end.result is None:
            return UnitEnd(unit, None, trouble=end.trouble)
        journal, result = end.result.get("journal"), end.result["result"]
        if journal is not None and self._journals is not None:
            octets = decompress(b64decode(journal))
            write_whole(journal_path(self._journals, unit.shard), octets)
        on_progress(unit, result["virtual_seconds"], result["blocks"])
        return UnitEnd(unit, result, end.seconds)


def soak_job(task: JsonObject, image: bytes | None, say: SayProgress) -> JsonObject:
    """Run one shard, in a worker."""
    spec = SoakSpec(**task["spec"])
    lines: list[bytes] = []
    result = run_shard(
        spec,
        task["shard"],
        spec.firmware(image),
        lambda virtual, blocks: say({"virtual": virtual, "blocks": blocks}),
        lines.append if task["journal"] else None,
    )
    journal = b64encode(compress(b"".join(lines))).decode() if task["journal"] else None
    return {"result": result, "journal": journal}
