"""Fuzz what reads untrusted bytes: python tests/integration/fuzz.py (body | retry-after) [libFuzzer's options].

`make fuzz` runs both for some minutes. Whatever is raised that isn't ours ends the run, with the input in a file named
crash-...: keep it as a case of the tables in test_answers.py or test_policy.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mantago", "mantago_runtime", "json", "email"]):
    from mantago import ClientGifts
    from mantago_runtime.calls.responses import ResponseBody, parse_response, retry_after
    from mantago_runtime.errors import MantaGoError
    from mantago_runtime.mappings import Headers
    from mantago_runtime.reading.readers import model_of
    from mantago_runtime.reading.results import read_result

import httpx

NOW = 1_800_000_000.0
RESULT = model_of(ClientGifts)


def body(data: bytes) -> None:
    """Unpack, settle and read an answer; its first two bytes choose its compression and its status."""
    encoding = ("", "", "gzip", "deflate")[data[0] % 4] if data else ""
    status = (200, 200, 200, 400, 500)[data[1] % 5] if len(data) > 1 else 200
    taken = ResponseBody(1_000_000, httpx.Headers({"Content-Encoding": encoding}))
    for start in range(2, len(data), 100):
        if not taken.feed(data[start : start + 100]):
            break
    try:
        gifts = read_result(RESULT, parse_response(status, Headers(), taken.finish(), NOW))[0]
    except MantaGoError as error:
        str(error)
    else:
        read_result(RESULT, {"success": True, "message": "m"} | gifts.to_dict())


def header(data: bytes) -> None:
    """Read a Retry-After."""
    seconds = retry_after(data.decode("latin-1"), NOW)
    if seconds is not None and not 0 <= seconds < float("inf"):
        raise AssertionError(seconds)


if __name__ == "__main__":
    # libFuzzer leaves its findings in the folder where it runs.
    sys.path.insert(0, str(Path.cwd()))
    target = {"body": body, "retry-after": header}[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
