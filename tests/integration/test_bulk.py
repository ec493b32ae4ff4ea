"""Bulk runs where other packages take part: Parquet is read by those that people use, and Dask loses nothing."""

from __future__ import annotations

import importlib
import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mantago import MantaGo
from mantago.bulk import export
from mantago.sandbox import Sandbox
from mantago.testing import FakeMantaGo, gift, ticket

pytest.importorskip("pyarrow", reason="pyarrow isn't built for this Python")
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "many-clients.md"
CLIENTS = [f"client-{number}" for number in range(40)]


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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_on_dask_a_worker_that_is_killed_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dask.distributed import Client, LocalCluster

    recipe = re.findall(r'```python title="on_dask.py"\n(.*?)```', PAGE.read_text("utf-8"), re.DOTALL)[0]
    (tmp_path / "on_dask.py").write_text(recipe, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    (tmp_path / "ids.txt").write_text("".join(f"{one}\n" for one in CLIENTS), "utf-8")
    with Sandbox() as box:
        for name in ("base_url", "bot_id", "token", "secret"):
            monkeypatch.setenv(f"MANTAGO_{name.upper()}", getattr(box, name))
        on_dask = importlib.import_module("on_dask")

        into = tmp_path / "gifts"
        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
            with Client(cluster) as dask:
                victim = next(iter(dask.run(os.getpid).values()))
                killer = threading.Thread(target=kill_when_it_has_begun, args=(victim, into))
                killer.start()
                counts = on_dask.export_on_dask(dask, str(tmp_path / "ids.txt"), str(into), rate=20, part_size=5)
                killer.join()
    assert sum(count["not_found"] for count in counts) == len(CLIENTS)
    with MantaGo(base_url=box.base_url, bot_id=box.bot_id, token=box.token, secret=box.secret) as client:
        summary = export(CLIENTS, into, client=client, part_size=5)
    # All parts are there, and are those of the list: nobody is asked for, and nobody is there twice.
    assert (summary.status, summary.not_found, summary.calls) == ("done", len(CLIENTS), 0)


def kill_when_it_has_begun(process: int, into: Path) -> None:
    deadline = time.monotonic() + 60
    while not any(into.glob("part-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)
