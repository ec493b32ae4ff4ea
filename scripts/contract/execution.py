"""Proof by execution: the client that is out there sends its requests to the new contract, and reads its answers.

Run as a module, it does so with whatever `mantago` it can import: that of the old commit.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import hypothesis
from attrs import asdict, frozen
from hypothesis import HealthCheck, Phase
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import HypothesisException
from jsonschema import Draft7Validator, FormatChecker

from _vendored import ROOT
from mantago import APIStatusError, Drift, InvalidResponseError, MantaGo, MantaGoError, Platform

from .changes import Change, change, show
from .documents import Cursor, Document, same
from .packages import FOLDERS, packages
from .parameters import Side
from .plain_schemas import plain_schema
from .rules import BREAKING, INFO, REQUEST, RESPONSE, WARNING, Rule, register
from .samples import smallest, values

OPERATION = "POST /openapi/client/gift"
ANSWERS = 300
JSON = "application/json"
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
            "nobody knows whether it keeps working",
        ),
    ]
)


@frozen
class Contract:
    """The operation as its requests and answers are generated and checked: JSON Schemas, and where they stand."""

    parameters: dict[str, tuple[bool, dict[str, Any]]]
    body: dict[str, Any] | None
    answer: dict[str, Any] | None
    servers: tuple[str, ...]

    @classmethod
    def of(cls, document: Document) -> Contract | None:
        """Return what a document says of the operation; None if it doesn't have it."""
        method, _, path = OPERATION.partition(" ")
        item = document.root.get("paths").get(path)
        place = item.get(method.lower())
        if not place:
            return None
        parameters = {
            f"{where} {name}": (found.says("required") is True, plain_schema([found.get("schema")], REQUEST))
            for (where, name), found in Side(path, item, place).parameters().items()
        }
        body = place.get("requestBody").get("content").get(JSON)
        answer = place.get("responses").get("200").get("content").get(JSON)
        servers = place.raw("servers") or item.raw("servers") or document.root.raw("servers")
        urls = tuple(url for server in servers.elements() if (url := server.raw("url").text))
        return cls(parameters, _schema(body, REQUEST), _schema(answer, RESPONSE), urls)


def _schema(media: Cursor, direction: Any) -> dict[str, Any] | None:
    return plain_schema([media.raw("schema")], direction) if media else None


@frozen
class Finding:
    """What goes wrong or is tolerated, and the key by which it is the same for the old contract and the new one."""

    rule: str
    place: str
    values: dict[str, str]

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same, whatever the example."""
        return self.rule, self.place, re.split(", not |: ", self.values.get("problem", ""))[0]


def compare(old: Document, new: Document) -> Iterator[Change]:
    """Yield what the client that goes with the old document does with the new one, and didn't with the old one."""
    before, after = Contract.of(old), Contract.of(new)
    if before is None or after is None or same(asdict(before), asdict(after)):
        return
    with packages(old) as root:
        # A document that is just a file is compared for whoever has this checkout's client.
        findings = list(differing(before, after)) if root in (None, ROOT) else _elsewhere(root, old, new)
    for finding in findings:
        yield change(finding.rule, OPERATION, f"{OPERATION} {finding.place}", **finding.values)


def differing(old: Contract, new: Contract) -> Iterator[Finding]:
    """Yield what holds for the new contract and not for the old one."""
    found = list(try_all(new))
    known = {finding.key for finding in try_all(old, only_keys=True)} if found else set()
    yield from (finding for finding in found if finding.key not in known)


def _elsewhere(root: Path, old: Document, new: Document) -> list[Finding]:
    """Return what a process finds that imports the client from another folder."""
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
        return [Finding("client-not-tried", "request", {"problem": problem})]
    return [Finding(**found) for found in json.loads(done.stdout)]


def worker(text: str) -> str:
    """Return, as JSON, what is found for the two documents in a JSON text."""
    before, after = (Contract.of(Document("", tree)) for tree in json.loads(text))
    found = differing(before, after) if before and after else ()
    return json.dumps([asdict(finding) for finding in found])


def try_all(contract: Contract, *, only_keys: bool = False) -> Iterator[Finding]:
    """Yield what the client that can be imported here meets with a contract; each kind once."""
    found: dict[Any, Finding] = {}
    for finding in _requests(contract):
        found.setdefault(finding.key, finding)
    yield from found.values()
    if contract.answer is not None:
        yield from _answers(contract.answer, only_keys=only_keys)


# --- requests -------------------------------------------------------------------------------------------------------


def calls() -> Iterator[dict[str, Any]]:
    """Yield the arguments of every kind of call: each identification, each platform, each way to send it."""
    for identify_in in ("both", "body"):
        yield {"identify_in": identify_in, "client_id": "VolejRejN"}
        for platform in Platform:
            yield {"identify_in": identify_in, "platform": str(platform), "platform_client_id": "U4af4980629e14c3b"}


def _client(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> MantaGo:
    transport = httpx.MockTransport(handler)
    # S106: the secret goes nowhere.
    return MantaGo(bot_id="1NbWoobyg", token="t", secret="s", max_retries=0, transport=transport, **options)  # noqa: S106


def sent(identify_in: str, **who: Any) -> httpx.Request:
    """Return the request that the client sends."""
    requests: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"success": True, "message": ""})

    with _client(keep, identify_in=identify_in) as client:
        client.get_client_gifts(**who)
    return requests[0]


def _requests(contract: Contract) -> Iterator[Finding]:
    for call in calls():
        words = ", ".join(f"{name}={value!r}" for name, value in call.items())
        request = sent(**call)
        for place, problem in faults(contract, request):
            yield Finding("client-request-refused", f"request {place}".strip(), {"problem": problem, "call": words})


def faults(contract: Contract, request: httpx.Request) -> Iterator[tuple[str, str]]:
    """Yield where and why a contract refuses a request."""
    path = OPERATION.partition(" ")[2]
    address = str(request.url.copy_with(query=None))
    urls = [str(httpx.URL(url.rstrip("/") + path)) for url in contract.servers if url.startswith("http")]
    if urls and address not in urls:
        yield "", f"its address is none of the servers': {address}"
    for name, (required, schema) in contract.parameters.items():
        where, _, key = name.partition(" ")
        carried = {"query": request.url.params, "header": request.headers}.get(where, {})
        if key in carried:
            yield from ((name, problem) for _, problem in _broken(schema, _typed(carried[key], schema)))
        elif required:
            yield name, "it is required, and the client doesn't send it"
    if contract.body is None:
        yield "body", "no JSON is accepted"
    else:
        yield from (
            (f"body {where}".strip(), said) for where, said in _broken(contract.body, json.loads(request.content))
        )


def _typed(text: str, schema: dict[str, Any]) -> Any:
    """Return a parameter's text as the type that it stands for."""
    if "string" not in schema.get("type", ["string"]):
        try:
            return json.loads(text)
        except ValueError:
            pass
    return text


def _broken(schema: dict[str, Any], value: Any) -> Iterator[tuple[str, str]]:
    for error in Draft7Validator(schema).iter_errors(value):
        yield error.json_path.removeprefix("$").removeprefix("."), f"{error.message[:200]} ({error.validator})"


# --- answers --------------------------------------------------------------------------------------------------------

HEALTH: Any = list(HealthCheck)
_SETTINGS = hypothesis.settings(
    max_examples=ANSWERS,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=HEALTH,
)


# An empty text is no time: the smallest answer must be one that the contract allows.
_FORMATS = FormatChecker(())
_FORMATS.checks("date-time")(lambda value: not isinstance(value, str) or "T" in value)


def outcome(client: MantaGo, answers: list[Any], answer: Any) -> list[tuple[str, str, str]]:
    """Return what the client makes of an answer: rule, place and problem of each thing worth telling."""
    answers[:] = [answer]
    try:
        gifts = client.get_client_gifts(client_id="VolejRejN")
    except InvalidResponseError as error:
        problem = str(error).partition(f"{error.path}: ")[2]
        return [("client-answer-unreadable", Drift("format", error.path, "").pattern, problem)]
    except APIStatusError:
        # A success that says false is a refusal, and told as one.
        return []
    rules = {"unknown_field": "client-answer-unknown-field"}
    return [
        (rules.get(line.kind, "client-answer-drift"), line.pattern, f"{line.kind}: {line.detail}")
        for line in gifts.drift
    ]


def _answers(schema: dict[str, Any], *, only_keys: bool) -> Iterator[Finding]:
    answers: list[Any] = []
    found: dict[Any, tuple[str, Any]] = {}
    possible, allowed = values(schema), Draft7Validator(schema, format_checker=_FORMATS).is_valid

    def key(rule: str, place: str, problem: str) -> tuple[str, str, str]:
        return Finding(rule, place, {"problem": problem}).key

    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as home,
        _client(lambda _: httpx.Response(200, content=json.dumps(answers[0]).encode())) as client,
    ):
        # What is tolerated is told as a finding, and needn't be logged as well.
        log = logging.getLogger("mantago.drift")
        level = log.level
        log.setLevel(logging.CRITICAL)
        # Otherwise it leaves a folder in the current one.
        set_hypothesis_home_dir(home)

        def look(answer: Any) -> None:
            for rule, place, problem in outcome(client, answers, answer):
                known = found.get(key(rule, place, problem))
                if known is None or len(json.dumps(answer)) < len(json.dumps(known[1])):
                    found[key(rule, place, problem)] = problem, answer

        try:
            _SETTINGS(hypothesis.given(possible)(look))()
            for wanted, (problem, answer) in [] if only_keys else list(found.items()):

                def alike(value: Any, wanted: Any = wanted) -> bool:
                    return allowed(value) and any(key(*line) == wanted for line in outcome(client, answers, value))

                found[wanted] = problem, smallest(answer, alike)
        except (HypothesisException, MantaGoError) as error:
            yield Finding("client-not-tried", "response 200", {"problem": f"{type(error).__name__}: {error}"})
        finally:
            set_hypothesis_home_dir(None)
            log.setLevel(level)
    for (rule, place, _), (problem, answer) in found.items():
        yield Finding(rule, f"response 200 {place}", {"problem": problem, "example": show(answer, 400)})


if __name__ == "__main__":
    print(worker(sys.stdin.read()))
