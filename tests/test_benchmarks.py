"""The benchmark still runs, and its tables and charts hold what it measured; how long anything took isn't looked at."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"
SMOKE = """
import json, sys
import report, sections
from measure import Thoroughness
quick = Thoroughness(2, 0.001)
results = {
    "calls": sections.calls(quick, thorough=False),
    "decoding": sections.decoding(quick, (1, 3)),
    "decoding_growth": sections.decoding(quick, (1, 3)),
}
json.dump({"results": results, "files": report.files(results)}, sys.stdout)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the server's certificate is in a file that is open twice")
def test_the_benchmark_measures_each_contender_and_writes_tables_and_charts():
    done = subprocess.run(
        [sys.executable, "-c", SMOKE], cwd=BENCHMARKS, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for where, contenders in told["results"]["calls"].items():
        assert {"raw httpx", "mantago"} < contenders.keys(), where
        assert contenders["raw httpx"]["ratio"] == {"median": 1, "low": 1, "high": 1}
        assert all(found["calls_per_second"] > 0 and found["server_busy"] >= 0 for found in contenders.values())
    files = told["files"]
    assert files.keys() == {"results.json", "index.md", "decoding.svg"}
    assert json.loads(files["results.json"])["calls"].keys() == told["results"]["calls"].keys()
    page = files["index.md"]
    assert page.index("](decoding.svg)") < page.index("## A service that answers at once")
    headers = [line for line in page.splitlines() if line.startswith("| contender |")]
    assert any(" async, 16 |" in line for line in headers)
    # Wider ones don't fit beside a page's menu.
    assert all(line.count("|") <= 8 for line in headers)
    svg = ET.fromstring(files["decoding.svg"])
    lines = [line.get("points", "").split() for line in svg.iter("{http://www.w3.org/2000/svg}polyline")]
    assert lines
    assert all(len(points) == 2 for points in lines)
