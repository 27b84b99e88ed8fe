"""A session of Spark for the command: its settings, its start and end, and its errors in one line."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from extractor.errors import NoteCriteriaError, UsageError
from extractor.sparkwork import RulesDifferError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SETTINGS: Final = {
    # dates as the local engine reads them, on whatever machine
    "spark.sql.session.timeZone": "UTC",
    # 10,000 notes at a time, which is Spark's default, may be too many for a Python process
    "spark.sql.execution.arrow.maxRecordsPerBatch": "256",
    # a folder named patient_id=00417 keeps its zeros
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.hadoop.fs.permissions.umask-mode": "077",
    "spark.log.level": "ERROR",
}
_ON_THIS_MACHINE: Final = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
}
_PYTHON: Final = "spark.pyspark.python"
_THROWN: Final = re.compile(r"Exception: \[([A-Z][A-Z0-9_.]+)\]")
"""How Java tells the name of what happened, where Python does not take it over."""


def parse_conf(pairs: Sequence[str]) -> dict[str, str]:
    """Return the settings that ``--spark-conf`` gives.

    Args:
        pairs: ``KEY=VALUE`` each.

    Raises:
        UsageError: a pair without ``=``.
    """
    parted = [pair.partition("=") for pair in pairs]
    for key, equals, _ in parted:
        if not (key.strip() and equals):
            raise UsageError("--spark-conf: give KEY=VALUE, such as spark.executor.memory=4g")
    return {key.strip(): value.strip() for key, _, value in parted}


@contextlib.contextmanager
def spark_session(master: str | None, conf: Mapping[str, str], quiet: bool) -> Iterator[SparkSession]:
    """Yield the session that runs already, else a new one that ends with the work.

    Args:
        master: the cluster; default is this machine, and under ``spark-submit`` what that says.
        conf: further settings of the user's, which go before those made here.
        quiet: let Spark print nothing.

    Raises:
        UsageError: PySpark is not installed.
        NoteCriteriaError: Spark cannot be started.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise UsageError('--engine spark: Spark is not installed; pip install "notecriteria[spark]"') from None
    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    master = master or (None if submitted else "local[*]")
    builder = SparkSession.builder.appName("notecriteria")
    settings = {**_settings(master, quiet), **conf}
    for name, value in settings.items():
        builder = builder.config(name, value)
    with _environment(settings), _silent() if quiet else contextlib.nullcontext():
        session = _started(builder)
    try:
        yield session
    finally:
        session.stop()


def _settings(master: str | None, quiet: bool) -> dict[str, str]:
    settings = {**_SETTINGS, "spark.ui.showConsoleProgress": str(sys.stderr.isatty() and not quiet).lower()}
    if master is not None:
        settings["spark.master"] = master
        if master.startswith("local"):
            settings |= {**_ON_THIS_MACHINE, _PYTHON: sys.executable}
    return settings


@contextlib.contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set, while Spark starts, what it takes from the environment alone; what the user has set there goes first."""
    wanted = {"PYSPARK_PYTHON": settings.get(_PYTHON), "SPARK_LOCAL_IP": settings.get("spark.driver.bindAddress")}
    added = {name: value for name, value in wanted.items() if value and name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _started(builder: Any) -> SparkSession:
    with warnings.catch_warnings():
        # PySpark warns of pandas 3, most of which is not used here, and what is used is tested with it
        warnings.simplefilter("ignore", FutureWarning)
        try:
            session: SparkSession = builder.getOrCreate()
        except Exception as error:
            java = "JAVA" in condition(error)
            remedy = (
                "install Java 17 or later" if java else "mend --master or --spark-conf; without --quiet Spark says more"
            )
            raise NoteCriteriaError(f"Spark cannot be started ({condition(error)}); {remedy}") from None
    return session


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Let a process that is started here inherit a standard error that leads nowhere."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        sys.stderr.flush()
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def condition(error: BaseException) -> str:
    """Return the name of what happened in Spark; its message may hold anything.

    Args:
        error: the error.
    """
    named = getattr(error, "getCondition", None) or getattr(error, "getErrorClass", None)
    thrown = _THROWN.search(str(error))
    return (named() if named else None) or (thrown[1] if thrown else type(error).__name__)


@contextlib.contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn an error of Spark into one line that says what to do, without its message.

    Raises:
        NoteCriteriaError: in place of the error.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            yield
        except (PySparkException, Py4JError) as error:
            raise NoteCriteriaError(_advice(error)) from None


def _advice(error: BaseException) -> str:
    message = str(error)
    absent = re.search(r"ModuleNotFoundError: No module named '(\w+)'", message)
    if absent:
        return f"the executors lack the Python package {absent[1]}; install it there, see docs/spark.md"
    if RulesDifferError.__name__ in message:
        return "the executors have another version of notecriteria than this machine; install the same one there"
    return f"Spark gave up ({condition(error)}); its log tells why"
