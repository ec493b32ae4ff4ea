"""Proof by execution: the released client sends its requests to the new contract, and reads its answers.

Run as a module, this tries the `mantago` that can be imported, that of the old commit.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
from attrs import asdict, evolve, frozen
from jsonschema import Draft7Validator, FormatChecker

from mantago import APIStatusError, Drift, InvalidResponseError, MantaGo, MantaGoError
from vendoring.vendored import ROOT

from .changes import Change, Kind, change, show
from .client import REQUESTS, ClientCall, client_of, client_operations, quiet
from .contracts import JSON, Contract, changed
from .documents import Document, same
from .packages import FOLDERS, packages
from .rules import BREAKING, INFO, REQUEST, RESPONSE, WARNING, Rule, register
from .samples import NoValueError, smallest, values

FEW, ANSWERS = 6, 160
register(
    [
        Rule(
            "client-request-refused",
            *(BREAKING, REQUEST, "the client sends what is refused: {problem}; with {call}"),
            "this was tried with the released client: its calls fail",
        ),
        Rule(
            "client-answer-unreadable",
            *(BREAKING, RESPONSE, "the client can't read it: {problem}; the smallest answer is {example}"),
            "this was tried with the released client: it raises InvalidResponseError",
        ),
        Rule(
            "client-answer-drift",
            *(WARNING, RESPONSE, "the client tolerates it as drift ({problem}); the smallest answer is {example}"),
            "this was tried with the released client: it raises InvalidResponseError only with strict=True",
        ),
        Rule(
            "client-answer-unknown-field",
            *(INFO, RESPONSE, "the client keeps the field in `extra`"),
            "this was tried with the released client",
        ),
        Rule(
            "client-not-tried",
            *(WARNING, REQUEST, "the released client could not be tried: {problem}"),
            "it isn't known whether it keeps working",
        ),
    ]
)


@frozen
class ClientFinding:
    """A failure of the client or something that it tolerates, with a key to find it in both contracts."""

    operation: str
    rule: str
    place: str
    values: dict[str, str]
    pointer_old: str | None = None
    pointer_new: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """The key that is the same for the same problem, whatever the example."""
        problem = self.values.get("problem", "")
        if limit := re.search(r"\((?!required|additionalProperties)(\w+)\)$", problem):
            # The sentence before the limit tells the value; other sentences tell the property.
            return self.rule, self.place, limit[1]
        return self.rule, self.place, re.split(", not |: ", problem)[0]

    def between(self, before: Contract, after: Contract) -> ClientFinding:
        """Return the finding with its places in two contracts."""
        old, new = before.at(self.place), after.at(self.place)
        return evolve(self, operation=after.operation, pointer_old=old, pointer_new=new)


def compare(old: Document, new: Document) -> Iterator[Change]:
    """Yield the problems of the old document's client with the new document that it hasn't with the old one."""
    if same(old.tree, new.tree):
        return
    with packages(old) as root:
        # For a document that is just a file, the client of this checkout is tried.
        findings = (
            list(differing(changed(old, new, client_operations())))
            if root in (None, ROOT)
            else _elsewhere(root, old, new)
        )
    for alike in _by_reason(findings):
        # Of several, a call that somebody could have written says the most.
        first = min(alike, key=lambda one: (len(one.values.get("call", "")), one.operation, one.place))
        path = f"{first.operation} {first.place}"
        told = change(first.rule, first.operation, path, first.pointer_old, first.pointer_new, **first.values)
        spots = {(finding.operation, f"{finding.operation} {finding.place}") for finding in alike}
        yield Change.met_at({Kind(told.id, told.level, told.text): spots}, told.pointer_old, told.pointer_new, path)


def _by_reason(findings: Iterable[ClientFinding]) -> Iterable[list[ClientFinding]]:
    """Group findings with one reason at the same place of several operations, which share a schema."""
    found: dict[object, list[ClientFinding]] = {}
    for finding in findings:
        found.setdefault(finding.key, []).append(finding)
    return found.values()


def differing(pairs: Iterable[tuple[Contract, Contract]]) -> Iterator[ClientFinding]:
    """Yield the findings for new contracts that don't hold for the old ones, for the operations of the client."""
    # Many operations answer with the same schema.
    read: dict[str, list[ClientFinding]] = {}
    known = client_operations()
    for before, after in pairs:
        if tried := known.get(before.operation):
            alike = same(before.asked, after.asked)
            requests = tried.requests(before, FEW if alike else REQUESTS)
            if not alike:
                found = _new(_refused(requests, before), _refused(requests, after))
                yield from (finding.between(before, after) for finding in found)
            if before.answer is not None and after.answer is not None and not same(before.answer, after.answer):
                key = json.dumps([bool(requests), tried.result, before.answer, after.answer])
                if key not in read:
                    read[key] = list(_new_answers(requests, before, after))
                yield from (finding.between(before, after) for finding in read[key])


def _new(before: Mapping[Any, ClientFinding], after: Mapping[Any, ClientFinding]) -> Iterator[ClientFinding]:
    yield from (finding for key, finding in after.items() if key not in before)


def _new_answers(requests: list[ClientCall], before: Contract, after: Contract) -> Iterator[ClientFinding]:
    if not requests:
        yield ClientFinding(
            after.operation, "client-not-tried", "request", {"problem": "the old contract allows no request"}
        )
        return
    found = _answers(requests[0], after)
    if found:
        yield from _new(_answers(requests[0], before, only_keys=True), found)


def _elsewhere(root: Path, old: Document, new: Document) -> list[ClientFinding]:
    """Return the findings of a process that imports the client from another folder."""
    folders = [*(root / name for name in FOLDERS), ROOT / "scripts"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "contract.execution"],
        input=json.dumps([old.tree, new.tree]),
        capture_output=True,
        env=environment,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        problem = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return [
            ClientFinding(before.operation, "client-not-tried", "request", {"problem": problem})
            for before, _ in changed(old, new)
        ]
    return [ClientFinding(**found) for found in json.loads(done.stdout)]


def worker(text: str) -> str:
    """Return, as JSON, the findings for the two documents in a JSON text."""
    old, new = (Document("", tree) for tree in json.loads(text))
    return json.dumps([asdict(finding) for finding in differing(changed(old, new, client_operations()))])


# --- requests -------------------------------------------------------------------------------------------------------


def _refused(requests: list[ClientCall], contract: Contract) -> dict[Any, ClientFinding]:
    """Return the requests that a contract refuses, each kind once."""
    found: dict[Any, ClientFinding] = {}
    for asked in requests:
        for place, problem in faults(contract, asked.request):
            told = {"problem": problem, "call": asked.words}
            finding = ClientFinding(contract.operation, "client-request-refused", f"request {place}".strip(), told)
            found.setdefault(finding.key, finding)
    return found


def faults(contract: Contract, request: httpx.Request) -> Iterator[tuple[str, str]]:
    """Yield each place at which a contract refuses a request, and the reason."""
    pattern = re.escape(contract.operation.partition(" ")[2])
    names = re.findall(r"\\{(.*?)\\}", pattern)
    pattern = re.sub(r"\\{.*?\\}", "([^/]+)", pattern)
    address = str(request.url.copy_with(query=None))
    urls = [re.escape(str(httpx.URL(url.rstrip("/")))) for url in contract.servers if url.startswith("http")]
    found = [match for url in urls or [r"https?://[^/]+(?:/.*)?"] if (match := re.fullmatch(url + pattern, address))]
    if not found:
        yield "", f"its address is none of the servers': {address}"
    segments = dict(zip(names, found[0].groups(), strict=True)) if found else {}
    cookies = {name: morsel.value for name, morsel in SimpleCookie(request.headers.get("cookie")).items()}
    carried: dict[str, Mapping[str, str]] = {
        "query": request.url.params, "header": request.headers, "path": segments, "cookie": cookies
    }  # fmt: skip
    for name, (required, schema) in contract.parameters.items():
        where, _, key = name.partition(" ")
        if key in carried[where]:
            yield from ((name, problem) for _, problem in _broken(schema, _typed(carried[where][key], schema)))
        elif required and found:
            yield name, "it is required, and the client doesn't send it"
    if not request.headers.get("content-type", "").startswith(JSON):
        # A form isn't checked here; comparing the documents finds its changes.
        return
    if contract.body is None:
        yield "body", "no JSON is accepted"
    else:
        yield from (
            (f"body {where}".strip(), said) for where, said in _broken(contract.body, json.loads(request.content))
        )


def _typed(text: str, schema: dict[str, Any]) -> Any:
    """Return a parameter's text as the type that it stands for."""
    kinds = schema.get("type", ["string"])
    if "array" in kinds:
        items = schema.get("items", {})
        return [_typed(part, items) for part in text.split(",")]
    if "string" not in kinds:
        try:
            return json.loads(text)
        except ValueError:
            pass
    return text


def _broken(schema: dict[str, Any], value: Any) -> Iterator[tuple[str, str]]:
    for error in Draft7Validator(schema).iter_errors(value):
        place = re.sub(r"\[\d+\]", "[]", error.json_path.removeprefix("$").removeprefix("."))
        yield place, f"{error.message[:200]} ({error.validator})"


# --- answers --------------------------------------------------------------------------------------------------------

# The smallest answer must be one that the contract allows, and an empty text is no time.
_FORMAT_CHECKER = FormatChecker(())
_FORMAT_CHECKER.checks("date-time")(lambda value: not isinstance(value, str) or "T" in value)


def outcome(send: Callable[[MantaGo], Any], client: MantaGo) -> list[tuple[str, str, str]]:
    """Return rule, place and problem of each finding when the client reads an answer."""
    try:
        result = send(client)
    except InvalidResponseError as error:
        # The first argument has no details of the call, such as the time that it took.
        return [("client-answer-unreadable", Drift("format", error.path, "").pattern, str(error.args[0]))]
    except APIStatusError:
        # An answer with `"success": false` is a refusal, and raised as one.
        return []
    rules = {"unknown_field": "client-answer-unknown-field"}
    return [
        (rules.get(line.kind, "client-answer-drift"), line.pattern, f"{line.kind}: {line.detail}")
        for line in getattr(result, "drift", ())
    ]


def _success(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the answers that aren't refusals."""
    properties = schema.get("properties", {})
    if properties.get("success", {}).get("type") != ["boolean"]:
        return schema
    return {**schema, "properties": {**properties, "success": {"type": ["boolean"], "enum": [True]}}}


def _answers(asked: ClientCall, contract: Contract, *, only_keys: bool = False) -> dict[Any, ClientFinding]:
    """Return the findings when the client reads answers that a contract allows, each kind with its smallest answer."""
    schema: dict[str, Any] = contract.answer or {}
    answers: list[Any] = []
    found: dict[Any, tuple[ClientFinding, Any]] = {}
    allowed = Draft7Validator(schema, format_checker=_FORMAT_CHECKER).is_valid

    def answered(_: httpx.Request) -> httpx.Response:
        return httpx.Response(int(contract.status), content=json.dumps(answers[0]).encode())

    def findings(answer: Any) -> list[ClientFinding]:
        answers[:] = [answer]
        return [
            ClientFinding(contract.operation, rule, f"response {contract.status} {place}", {"problem": problem})
            for rule, place, problem in outcome(asked.send, client)
        ]

    problem = ""
    with quiet(), client_of(answered) as client:
        try:
            for answer in values(_success(schema), ANSWERS):
                for finding in findings(answer):
                    kept = found.setdefault(finding.key, (finding, answer))
                    found[finding.key] = min(kept, (finding, answer), key=lambda one: len(json.dumps(one[1])))
            for key, (finding, answer) in [] if only_keys else list(found.items()):

                def alike(value: Any, key: Any = key) -> bool:
                    return allowed(value) and any(one.key == key for one in findings(value))

                found[key] = finding, smallest(answer, alike)
        except (NoValueError, MantaGoError) as error:
            problem = f"{type(error).__name__}: {error}"
    result = {
        key: ClientFinding(
            contract.operation, finding.rule, finding.place, finding.values | {"example": show(answer, 400)}
        )
        for key, (finding, answer) in found.items()
    }
    if problem:
        told = ClientFinding(
            contract.operation, "client-not-tried", f"response {contract.status}", {"problem": problem}
        )
        result[told.key] = told
    return result


if __name__ == "__main__":
    print(worker(sys.stdin.read()))
