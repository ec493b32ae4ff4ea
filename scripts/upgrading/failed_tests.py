"""Failed tests in words for the person who takes over a new version: the promise that no longer holds, and why."""

from __future__ import annotations

import re
from collections import Counter

from attrs import frozen

# Pytest's words for a failure, and their meaning after a new document.
_GONE = "which the new version has no longer"
_WORDS = (
    (r"ImportError: cannot import name '(\w+)'", f"it imports {{0}}, {_GONE}"),
    (r"ModuleNotFoundError: No module named '([\w.]+)'", f"it imports {{0}}, {_GONE}"),
    (r"AttributeError: .*has no attribute '(\w+)'", f"it uses {{0}}, {_GONE}"),
    (r"KeyError: '(/[^']*)'", "it looks for {0}, which the new document has no longer"),
    (r"TypeError: (\S+)\(\) got an unexpected keyword argument '(\w+)'", "it gives {0}() a {1}, which is gone"),
    (r"TypeError: (\S+)\(\) missing \d+ required .*?: (.+)", "it calls {0}() without {1}, which is needed now"),
    (r"TypeError: (\S+)\(\) takes .* positional arguments? but", "it calls {0}() by position, which fails now"),
    (r"(?:[\w.]+\.)?InvalidResponseError: (.+)", "the client can't read the answer: {0}"),
    (r"(?:[\w.]+\.)?BadRequestError: (.+)", "the stand-in for the service refuses the call: {0}"),
    (r"(?:[\w.]+\.)?(?:FailedHealthCheck|DeadlineExceeded)", "it took too long: the machine is slow, a schema large"),
    (r"worker '\w+' crashed|Failed: Timeout", "it didn't end in time: run it alone, since the machine may be busy"),
)
_LINE = re.compile(
    r"^(?:FAILED|ERROR) (?P<file>[^:\s]+)(?:::(?P<name>[\w:]+)(?:\[.*?\])?)?(?: - (?P<said>.*))?$", re.MULTILINE
)


@frozen
class FailedTest:
    """A test that fails, in so many cases: where it is, what it promises, and why the promise doesn't hold."""

    test: str
    promise: str
    why: str
    cases: int = 1

    @property
    def lines(self) -> tuple[str, str]:
        """The two lines of a report: the promise and where it is tested, then why it fails."""
        cases = f", {self.cases} cases" if self.cases > 1 else ""
        return f"{self.promise} ({self.test}{cases})", self.why


def failed_tests(output: str) -> list[FailedTest]:
    """Return the failed tests that pytest's output names, or its last words if it names no test."""
    found: Counter[FailedTest] = Counter()
    for line in _LINE.finditer(output):
        test = line["file"] + (f"::{line['name']}" if line["name"] else "")
        promise = (line["name"] or "").rpartition(":")[2].removeprefix("test_").replace(
            "_", " "
        ) or "its tests can be collected"
        found[FailedTest(test, promise, why(line["said"] or ""))] += 1
    if found:
        return [FailedTest(one.test, one.promise, one.why, cases) for one, cases in found.items()]
    last = " ".join(output.split()[-60:]) or "nothing"
    return [FailedTest("pytest", "the tests can be run", f"pytest ended before it named a test, and said: {last}")]


def why(said: str) -> str:
    """Return the reason of a failure, in words of our own if it is a known one, else in pytest's."""
    for pattern, words in _WORDS:
        if found := re.match(pattern, said):
            return f"{words.format(*found.groups())} ({said})" if not found.groups() else words.format(*found.groups())
    return f"pytest says: {said or 'nothing more'}"
