"""The database of a search: opening, checks, and errors in one line."""

import contextlib
import importlib.metadata
import json
import logging
import re
import time
import warnings
from collections.abc import Iterator
from typing import Any

import optuna
import sqlalchemy
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.samplers import BaseSampler
from optuna.storages import RDBStorage
from optuna.study import Study, StudyDirection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from unveil.config import to_plain
from unveil.errors import UnveilError
from unveil.study.folder import first_difference
from unveil.study.search.config import HEARTBEATS, SearchConfig
from unveil.training.data import Photos

SQLITE = {"connect_args": {"timeout": 60}}
"""Connection options for SQLite: seconds to wait for a lock on the file."""

SERVER = {"pool_pre_ping": True}
"""Connection options for servers: connections may be closed between two epochs."""

ATTEMPTS = 20
PAUSE_S = 0.25


class _Storage(RDBStorage):
    """Optuna's storage, with workers that survive a short outage of the database."""

    def __init__(self, url: str, **options: Any) -> None:
        try:
            super().__init__(url, **options)
        except BaseException:
            if (engine := getattr(self, "engine", None)) is not None:
                engine.dispose()  # else its connection stays open until it is collected
            raise

    def record_heartbeat(self, trial_id: int) -> None:
        """Record a heartbeat; ignore errors of the database."""
        with contextlib.suppress(SQLAlchemyError, StorageInternalError):
            super().record_heartbeat(trial_id)


@contextlib.contextmanager
def open_storage(config: SearchConfig) -> Iterator[RDBStorage]:
    """Yield the database of a search; create its tables if they are missing.

    Raises:
        UnveilError: the database cannot be used, now or later in the block.
    """
    logging.getLogger("sqlalchemy").setLevel(logging.CRITICAL)  # it also logs what it raises
    with named_errors(config.database_url):
        storage = _connect(config)
        try:
            yield storage
        finally:
            storage.engine.dispose()


@contextlib.contextmanager
def named_errors(url: str) -> Iterator[None]:
    """Convert database errors to an UnveilError of one line with the URL, without passwords."""
    try:
        yield
    except UnveilError:
        raise
    except Exception as error:
        # Optuna 5.0 raises an UnboundLocalError that hides the cause.
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, SQLAlchemyError):
            cause = cause.__context__
        if cause is None:
            raise
        said = f"{without_password(url)}: this database cannot be used ({_reason(cause)})."
        raise UnveilError(said) from None


def _connect(config: SearchConfig) -> RDBStorage:
    is_sqlite = _dialect(config.database_url) == "sqlite"
    if config.database is None:
        config.out.mkdir(parents=True, exist_ok=True)
    storage = _open_with_retries(config, SQLITE if is_sqlite else SERVER)
    if is_sqlite:
        _lock_at_begin(storage)
    return storage


def _dialect(url: str) -> str:
    """Return the dialect of a database URL.

    Raises:
        UnveilError: the URL is invalid, or names a database in memory.
    """
    try:
        # As Optuna does, which replaces {SCHEMA_VERSION}.
        parsed = sqlalchemy.make_url(url.format(SCHEMA_VERSION=""))
    except (SQLAlchemyError, ValueError, LookupError):
        # The reason may contain the password.
        raise UnveilError(
            f"{without_password(url)}: not the URL of a database; it looks like "
            "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."
        ) from None
    dialect = parsed.get_backend_name()
    if dialect == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise UnveilError(f"{url}: a database in memory keeps nothing; name a file.")
    return dialect


def _open_with_retries(config: SearchConfig, engine: dict[str, Any]) -> RDBStorage:
    """Open the database; retry if another worker creates the tables at the same time."""
    for _ in range(ATTEMPTS):
        try:
            return _open(config, engine)
        except SQLAlchemyError as error:
            if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                raise
        time.sleep(PAUSE_S)
    return _open(config, engine)


def _open(config: SearchConfig, engine: dict[str, Any]) -> RDBStorage:
    place = without_password(config.database_url)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # the heartbeat
            return _Storage(
                config.database_url,
                engine_kwargs=dict(engine),
                heartbeat_interval=config.lost_after_s // HEARTBEATS,
                grace_period=config.lost_after_s,
            )
    except ImportError as error:
        driver = getattr(error.__cause__, "name", None) or "its driver"
        raise UnveilError(f"{place}: {driver} is not installed; pip install it.") from None
    except RuntimeError as error:  # tables of another version of Optuna
        raise UnveilError(f"{place}: {error}") from None


def _lock_at_begin(storage: RDBStorage) -> None:
    """Make every transaction on a SQLite file take the lock when it begins.

    SQLite has no row locks: Optuna's "take this trial if it is still waiting" reads first and takes
    the lock only when it writes, so that two workers could get the same trial.
    """
    engine = storage.engine
    sqlalchemy.event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
    sqlalchemy.event.listen(engine, "begin", lambda link: link.exec_driver_sql("BEGIN IMMEDIATE"))
    engine.dispose()  # earlier connections have no listeners


def without_password(url: str) -> str:
    """Return a URL, well-formed or not, with possible passwords replaced by ``***``."""
    url = re.sub(r":(?!//).*@", ":***@", url)
    url = re.sub(r"(://[^:/@]*:)(?!\d*(?:[/?]|$)|\*)[^/]*", r"\1***", url)  # no @, yet no port
    return re.sub(r"(?i)((?:password|passwd|pwd)=)[^&]*", r"\1***", url)


def _reason(error: BaseException) -> str:
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return said[0].rstrip(".") if said else type(error).__name__


def open_study(
    storage: RDBStorage, config: SearchConfig, photos: Photos, sampler: BaseSampler
) -> Study:
    """Open the search in its database; create it if it is missing.

    Raises:
        UnveilError: the name is used by another Optuna study, or by a search with other settings;
            the message names the difference.
    """
    study = optuna.create_study(
        storage=storage,
        sampler=sampler,
        pruner=optuna.pruners.PercentilePruner(PRUNER_PERCENTILE, n_startup_trials=MIN_COMPLETE),
        study_name=config.name,
        direction="maximize",
        load_if_exists=True,
    )
    wanted = json.loads(json.dumps(_settings(config, photos)))
    found = study.user_attrs.get("settings")
    place = f"{without_password(config.database_url)}: {config.name!r}"
    if found is None:
        if study.trials or study.direction != StudyDirection.MAXIMIZE:
            raise UnveilError(f"{place} is not a search of unveil; choose another --name.")
        study.set_user_attr("settings", wanted)
        return study
    if difference := first_difference(found, wanted):
        raise UnveilError(
            f"{place} was started with {difference}; choose another --name and --output."
        )
    return study


PRUNER_PERCENTILE = 75.0
"""A trial is pruned if it is in the worst quarter of the trials at the same epoch: after one epoch
the order of good trials is not yet settled, and Optuna's default, the median, would prune half."""

MIN_COMPLETE = 4
"""Number of complete trials before any trial is pruned."""


def _settings(config: SearchConfig, photos: Photos) -> dict[str, Any]:
    """Return the settings that all trials of a search share."""
    return {
        "version": importlib.metadata.version("unveil"),
        "sampler": config.sampler,
        **config.values(),
        "epochs": config.epochs,
        "operator": config.operator,
        "limit": config.limit,
        "seed": config.seed,
        "split_seed": config.data.split_seed,
        "data": photos.summary(),
        "model": to_plain(config.model),
    }
