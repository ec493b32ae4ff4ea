"""Bulk runs where other packages take part: Parquet is read by those that people use, and no engine loses anything."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from engines import CLIENTS, PAGE, PART_SIZE, nothing_is_lost_nor_there_twice

from mantago import MantaGo
from mantago.bulk import export
from mantago.testing import FakeMantaGo, gift, ticket

pytest.importorskip("pyarrow", reason="pyarrow isn't built for this Python")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fake = FakeMantaGo()
    fake.add_client("a", tickets=[ticket()], virtual_gifts=[gift(), gift("Cake", is_expired=True)])
    fake.add_client("b")
    folder = tmp_path_factory.mktemp("parquet")
    with MantaGo(transport=fake, credentials=fake.credentials) as client:
        for _ in range(2):  # the second finds what failed in parts of Parquet, too
            summary = export(["a", "b", "bad-variables"], folder, client=client, format="parquet", retry_failed=True)
    assert (summary.ok, summary.failed, summary.calls) == (2, 1, 1)
    return folder


QUESTION = "SELECT client_id, count(kind), max(end_time) FROM '{}/part-*.parquet' GROUP BY client_id ORDER BY client_id"


def test_duckdb_reads_parquet(folder: Path) -> None:
    import duckdb

    found = duckdb.sql(QUESTION.format(folder)).fetchall()
    assert [(who, count) for who, count, _ in found] == [("a", 3), ("b", 0), ("bad-variables", 0)]
    assert found[0][2].utcoffset() is not None


def test_pandas_reads_parquet(folder: Path) -> None:
    import pandas as pd

    table = pd.read_parquet(next(folder.glob("part-*.parquet")))
    assert [*table["outcome"]] == ["ok"] * 4 + ["failed"]
    assert str(table["created_at"].dtype) == "datetime64[us, UTC]"


def test_polars_reads_parquet(folder: Path) -> None:
    import polars as pl

    table = pl.read_parquet(folder / "part-*.parquet")
    assert table.filter(pl.col("is_expired"))["name"].to_list() == ["Cake"]


def test_the_tutorials_question_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from mantago import cli

    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text("utf-8")
    first, question = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[:2]
    answer = re.findall(r"```text\n(.*?)```", text, re.DOTALL)[0]
    exec(first, {})
    cli.main(["export", "customers.csv", "--into", "gifts", "--sandbox"])
    capsys.readouterr()
    exec(question, {})
    assert capsys.readouterr().out == answer


# --- On engines -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_on_dask_a_worker_that_is_killed_costs_nothing(tmp_path: Path, recipe: Any) -> None:
    from dask.distributed import Client, LocalCluster

    into, on_dask = tmp_path / "gifts", recipe("on_dask")
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as dask:
            victim = next(iter(dask.run(os.getpid).values()))
            killer = threading.Thread(target=kill_when_it_has_begun, args=(victim, into))
            killer.start()
            counts = on_dask.export_on_dask(dask, "ids.txt", str(into), rate=20, part_size=PART_SIZE)
            killer.join()
    assert sum(count["not_found"] for count in counts) == len(CLIENTS)
    assert nothing_is_lost_nor_there_twice(into)


CELERY = {
    "broker_url": "filesystem://",
    "broker_transport_options": {"data_folder_in": "queue", "data_folder_out": "queue"},
    "result_backend": "file://results",
}


@pytest.mark.skipif(os.name == "nt", reason="Celery's processes aren't made for Windows")
def test_on_celery_a_process_that_is_killed_costs_nothing(tmp_path: Path, recipe: Any) -> None:
    import psutil

    into, on_celery = tmp_path / "gifts", recipe("on_celery")
    (tmp_path / "configured.py").write_text(f"from on_celery import app\n\napp.conf.update({CELERY})\n", "utf-8")
    on_celery.app.conf.update(CELERY)
    for folder in ("queue", "results"):
        (tmp_path / folder).mkdir()
    command = [sys.executable, "-m", "celery", "-A", "configured", "worker", "--concurrency=2", "--loglevel=warning"]
    worker = subprocess.Popen(command)
    try:
        tasks = on_celery.export_on_celery("ids.txt", str(into), rate=10, workers=2, part_size=PART_SIZE)
        while not any(into.glob("part-*")):
            time.sleep(0.05)
        victim, *_ = psutil.Process(worker.pid).children()
        victim.kill()
        tasks.get(timeout=120)
        assert not victim.is_running()
    finally:
        worker.terminate()
        worker.wait(timeout=30)
    assert nothing_is_lost_nor_there_twice(into)


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_on_spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: Any) -> None:
    from pyspark.sql import SparkSession

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    into, on_spark = tmp_path / "gifts", recipe("on_spark")
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        table = spark.createDataFrame([(one,) for one in [*CLIENTS, CLIENTS[0]]], "client_id string")
        parts = on_spark.export_on_spark(table, str(into), rate=40, workers=2, part_size=PART_SIZE)
        assert parts == len(CLIENTS) / PART_SIZE
        assert spark.read.json(str(into / "part-*")).where("outcome = 'not_found'").count() == len(CLIENTS)
    finally:
        spark.stop()
    assert nothing_is_lost_nor_there_twice(into)


def kill_when_it_has_begun(process: int, into: Path) -> None:
    deadline = time.monotonic() + 60
    while not any(into.glob("part-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)
