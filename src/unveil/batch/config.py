"""How a command goes through many files: the flags, and shards."""

from dataclasses import dataclass
from pathlib import Path

from unveil.batch.item import stable_hash
from unveil.errors import UsageError


@dataclass(frozen=True)
class BatchConfig:
    """How a command goes through many files."""

    workers: int | None = None
    """Processes that share the files, or the frames of a video that is alone; each takes its part
    of the threads (default: one for each thread, as many as the memory holds, if --manifest,
    --records or --shard is given; else the files are done one after the other in one process)."""
    manifest: Path | None = None
    """List of the files in place of INPUT: a path on each line, or JSON such as {"input": "a.jpg",
    "output": "b.png"}. Other outputs are below --output, with the folders of their input."""
    records: Path | None = None
    """File that gets a JSON line for each file that is done. The same command skips these, and goes
    on where a run was stopped."""
    cluster: str | None = None
    """Cluster whose machines do the files, by as many --workers: slurm, ray (RAY_ADDRESS, or this
    machine) or ray:HOST:PORT. Inputs and outputs must be on a disk that all of them reach (default:
    processes of this machine)."""
    shard: str | None = None
    """I/N, the I-th of N parts of the files, for as many machines or runs; each with its own
    --records."""

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"--workers {self.workers} must be at least 1.")
        self.part  # noqa: B018  # refuses what is none
        if self.cluster is not None:
            parse_cluster(self.cluster)
            if self.workers is None:
                raise UsageError(f"--cluster {self.cluster} needs --workers N: how many.")

    @property
    def is_asked(self) -> bool:
        """Return whether any of the flags is given."""
        given = (self.workers, self.manifest, self.records, self.cluster, self.shard)
        return any(one is not None for one in given)

    @property
    def part(self) -> "Shard":
        """Return the part of the files that is to be done."""
        return Shard() if self.shard is None else parse_shard(self.shard)


@dataclass(frozen=True)
class Shard:
    """One of ``count`` parts of a list, by a hash of what is done: each file is in exactly one.

    Lines that are added to the list do not move others to another part.
    """

    index: int = 0
    count: int = 1

    def has(self, key: str | bytes) -> bool:
        """Return whether the part holds what has this key: the path that names it."""
        return self.count == 1 or stable_hash(key) % self.count == self.index


def parse_shard(text: str) -> Shard:
    """Return the part that ``I/N`` names, I from 1 to N.

    Raises:
        UsageError: it names none.
    """
    index, slash, count = text.partition("/")
    if slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count):
        return Shard(int(index) - 1, int(count))
    raise UsageError(f"--shard {text!r} must be I/N, from 1/N to N/N.")


def parse_cluster(text: str) -> tuple[str, str | None]:
    """Return the kind of cluster that a text names, and its address; None for none.

    Raises:
        UsageError: it names none.
    """
    kind, colon, address = text.partition(":")
    if (kind, colon) == ("slurm", "") or (kind == "ray" and bool(colon) == bool(address)):
        return kind, address or None
    raise UsageError(f"--cluster {text!r} must be slurm, ray or ray:HOST:PORT.")
