"""The recipe for Airflow, which has an environment of its own: what it pins goes with nothing else."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from engines import CLIENTS, PART_SIZE, nothing_is_lost_nor_there_twice


@pytest.mark.skipif(find_spec("airflow") is None, reason="Airflow isn't made for this system or Python")
@pytest.mark.filterwarnings("ignore")
def test_on_airflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: Any) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "false")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path))
    for command in (["db", "migrate"], ["dags", "reserialize"]):
        subprocess.run([sys.executable, "-m", "airflow", *command], check=True, capture_output=True)
    dag = recipe("on_airflow").gifts_of_all_clients()
    given = {"source": "ids.txt", "into": str(tmp_path / "gifts"), "part_size": PART_SIZE}
    run = dag.test(run_conf=given)
    assert run.state == "success"
    into = tmp_path / "gifts" / f"{run.run_after:%Y-%m-%d}"
    assert len([*into.glob("part-*")]) == len(CLIENTS) / PART_SIZE
    assert nothing_is_lost_nor_there_twice(into)
