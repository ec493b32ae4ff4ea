"""Lists in pages: what ends them, what is declared of them, and the methods that go through all of their pages."""

from __future__ import annotations

import asyncio
import copy
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import many_operations
from first import FIRST
from generated_package import NOTHING, generated, imported, planned
from generation.code import Imports
from generation.document import Refused
from generation.methods import method
from generation.package import Plan
from generation.paging import Iteration, iteration
from mantago_runtime.calls.paging import ByNumber, ByToken, Page, Position, aiterate, iterate
from many_operations import FLAG, Json, listed, operation, record, ref, success
from test_generation_reading import COUNT, TEXT, document, holding
from test_typing import BIN, CHECKERS, Checker
from vendoring.vendored import ROOT

# --- the loop -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        (Page("ab"), ByNumber(2, 2)),
        (Page("ab", total=3), ByNumber(2, 2)),
        (Page("ab", total=2), None),
        (Page("ab", total=1), None),
        (Page("ab", total=0), ByNumber(2, 2)),
        (Page("ab", more=True), ByNumber(2, 2)),
        (Page("ab", more=False), None),
        (Page("", total=9, more=True), None),
    ],
)
def test_a_list_by_number_ends_at_an_empty_page_or_where_the_service_says_so(
    page: Page[str], wanted: ByNumber | None
) -> None:
    assert ByNumber().after(page) == wanted


def test_a_total_is_compared_with_the_items_of_all_pages() -> None:
    assert ByNumber(3, items=4).after(Page("ab", total=6)) is None
    assert ByNumber(3, items=4).after(Page("ab", total=7)) == ByNumber(4, 6)


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        (Page("ab", token="n"), ByToken("n", frozenset({"s", "n"}))),
        (Page("ab", token="n", more=True), ByToken("n", frozenset({"s", "n"}))),
        (Page("ab", token="n", more=False), None),
        (Page("ab", token="s"), None),
        (Page("ab", token=""), None),
        (Page("ab"), None),
        (Page("", token="n"), None),
    ],
)
def test_a_list_by_token_ends_without_one_at_one_that_was_there_and_at_an_empty_page(
    page: Page[str], wanted: ByToken | None
) -> None:
    assert ByToken("s", frozenset({"s"})).after(page) == wanted


def collected(fetch: Callable[[Any], Page[str]], first: Position[Any], *, is_async: bool) -> Iterator[str]:
    """What the loop of one of the clients yields, one by one."""
    if not is_async:
        yield from iterate(fetch, first)
        return

    async def fetch_async(key: Any) -> Page[str]:
        return fetch(key)

    items = aiterate(fetch_async, first)

    async def following() -> str | None:
        return await anext(items, None)

    with asyncio.Runner() as runner:
        while (item := runner.run(following())) is not None:
            yield item


@pytest.mark.parametrize("is_async", [False, True])
def test_a_page_is_called_for_when_its_first_item_is_asked_for(*, is_async: bool) -> None:
    asked: list[Any] = []

    def fetch(key: Any) -> Page[str]:
        asked.append(key)
        return Page(["ab", "cd", "e"][len(asked) - 1], token=["x", "y", "x"][len(asked) - 1])

    items = collected(fetch, ByToken(), is_async=is_async)
    assert asked == []
    assert (next(items), next(items), asked) == ("a", "b", [None])
    assert (next(items), asked) == ("c", [None, "x"])
    assert ([*items], asked) == (["d", "e"], [None, "x", "y"])


# --- what is declared -----------------------------------------------------------------------------------------------

THINGS = record(
    things=listed(TEXT),
    some={"type": "array", "nullable": True, "items": TEXT},
    total=COUNT,
    more=FLAG,
    next=TEXT,
    deep=record(deeper=record(things=listed(TEXT), total=COUNT)),
    envelope=TEXT,
)
QUERY = [
    {"name": "page", "in": "query", "schema": COUNT},
    {"name": "zero", "in": "query", "schema": COUNT | {"default": 0}},
    {"name": "perPage", "in": "query", "schema": COUNT},
    {"name": "next", "in": "query", "schema": TEXT},
    {"name": "must", "in": "query", "required": True, "schema": TEXT},
]


def listing(
    paging: Any, answer: Json = THINGS, parameters: Any = QUERY, name: str = "list_things", **more: Any
) -> Json:
    responses = {"200": holding("application/json", answer)}
    return {"responses": responses, "operationId": name, "x-mantago-paging": paging, "parameters": parameters} | more


def planned_of(**operations: Json) -> Plan:
    return planned(document(paths={f"/{path}": {"post": found} for path, found in operations.items()}))


def iterator(paging: Any, answer: Json = THINGS, **more: Any) -> Iteration:
    plan = planned_of(x=listing(paging, answer, **more))
    [one] = plan.endpoints
    page = method(one, plan.names[one.place], plan.classes, Imports())
    return iteration(one, page, plan.classes, plan.used, Imports(), name=plan.iterators[one.place])


def test_the_parameter_of_the_page_is_no_argument_and_the_others_are() -> None:
    found = iterator({"page": "page", "size": "perPage", "items": "things", "total": "total", "more": "more"})
    assert [one.name for one in found.method.arguments] == ["must", "zero", "per_page", "next_"]
    assert "`per_page` is how many items a page has" in found.method.docstring
    assert found.page == (("items", "{}.things"), ("total", "{}.total"), ("more", "{}.more"))
    assert (found.argument, found.first, found.item) == ("page", "ByNumber(1)", "str")


@pytest.mark.parametrize(
    ("paging", "first"),
    [
        ({"page": "zero"}, 0),
        ({"page": "page", "first": 0}, 0),
        ({"page": "zero", "first": 1}, 1),
        ({"page": "page"}, 1),
    ],
)
def test_the_first_page_has_the_number_that_is_declared_else_the_default_else_one(paging: Json, first: int) -> None:
    assert iterator(paging | {"items": "things"}).first == f"ByNumber({first})"


def test_the_way_into_an_answer_stops_where_the_service_left_something_out() -> None:
    found = iterator({"token": "next", "items": "deep.deeper.things", "next": "next", "more": "more"})
    guard = "{}.deep is not None and {}.deep.deeper is not None"
    assert found.page == (
        ("items", f"({{}}.deep.deeper.things if {guard} else None) or ()"),
        ("more", "{}.more"),
        ("token", "{}.next_"),
    )
    assert iterator({"page": "page", "items": "some"}).page == (("items", "{}.some or ()"),)


def test_an_answer_may_be_the_array_itself() -> None:
    found = iterator({"page": "page"}, listed(COUNT))
    assert (found.page, found.item) == ((("items", "{}"),), "int")


def test_an_argument_leaves_the_names_of_the_method_alone() -> None:
    taken = [{"name": name, "in": "query", "schema": TEXT} for name in ("paging", "fetch", "answer")]
    found = iterator({"page": "page", "items": "things"}, parameters=QUERY + taken)
    assert (found.paging, found.fetch, found.answer) == ("_paging", "fetch_2", "answer_2")


BODY = {"required": True, "content": {"application/json": {"schema": record(next=TEXT)}}}


def test_a_member_of_a_body_may_be_the_token_and_one_of_two_is_named_as_in_the_method() -> None:
    declared = {"token": "next", "items": "things", "next": "next"}
    assert iterator(declared, parameters=[], requestBody=BODY).argument == "next_"
    with pytest.raises(Refused, match="token is 'next', which is more than one parameter: name one of must, next_"):
        iterator(declared, requestBody=BODY)
    assert iterator(declared | {"token": "next_in_query"}, requestBody=BODY).argument == "next_in_query"


@pytest.mark.parametrize(
    ("paging", "said"),
    [
        ("page", "it isn't an object: say some of page, first, token"),
        ({}, "must say either page or token: name the parameter"),
        ({"page": "page", "token": "next", "next": "next"}, "must say either page or token"),
        ({"pages": "page"}, "says 'pages', which means nothing: say some of page"),
        ({"token": "next"}, "token and next belong together: name the parameter"),
        ({"page": "page", "next": "next"}, "token and next belong together"),
        ({"page": "side"}, "page is 'side', which is no parameter: name one of must, page, zero, per_page, next_"),
        ({"page": ["page"]}, r"page is \['page'\], which is no parameter"),
        ({"page": "next"}, "page is 'next', which isn't a number: name the right parameter"),
        ({"page": "page", "size": "next"}, "size is 'next', which isn't a number"),
        ({"token": "page", "next": "next"}, "token is 'page', which isn't a text"),
        ({"token": "must", "next": "next"}, "token is 'must', which can't be left out, .*: make the parameter an opt"),
        ({"page": "page", "first": "0", "items": "things"}, "first is '0': say the number of the first page"),
        ({"page": "page"}, "items: the answer is no array: say where the array is"),
        ({"page": "page", "items": "total"}, "items: 'total' is no array: say where the array is"),
        ({"page": "page", "items": "thing"}, "items is 'thing', and the answer has no 'thing' there: say the way"),
        ({"page": "page", "items": 3}, "items is 3, and the answer has no 3 there"),
        ({"page": "page", "items": "total.things"}, "items is 'total.things', and the answer has no 'things' there"),
        ({"page": "page", "items": "things", "total": "more"}, "total: 'more' is no number: say where"),
        ({"page": "page", "items": "things", "more": "total"}, "more: 'total' is no boolean: say where"),
        ({"token": "next", "items": "things", "next": "total"}, "next: 'total' is no text: say where"),
    ],
)
def test_a_wrong_declaration_stops_it_with_place_and_what_to_do(paging: Any, said: str) -> None:
    with pytest.raises(Refused, match=rf"^/paths/~1x/post/x-mantago-paging: {said}.*in facade/names.overlay.yaml$"):
        iterator(paging)


def test_a_parameter_of_an_operation_without_any_is_refused_too() -> None:
    with pytest.raises(
        Refused, match="page is 'page', which is no parameter: there is none, so remove the declaration"
    ):
        iterator({"page": "page", "items": "things"}, parameters=[])


def test_a_whole_body_is_no_page() -> None:
    body = {"required": True, "content": {"application/json": {"schema": listed(COUNT)}}}
    with pytest.raises(Refused, match="page is 'body', which isn't a number"):
        iterator({"page": "body", "items": "things"}, parameters=[], requestBody=body)


def test_what_stands_around_an_answer_is_not_inside_it() -> None:
    answer = record(success=FLAG, message=TEXT, things=listed(TEXT))
    with pytest.raises(Refused, match="more is 'success', and the answer has no 'success' there"):
        iterator({"page": "page", "items": "things", "more": "success"}, answer)


def names_of(**names: str) -> list[str]:
    paging = {"page": "page", "items": "things"}
    plan = planned_of(
        **{path: listing(None if name.startswith("iter_") else paging, name=name) for path, name in names.items()}
    )
    return [plan.iterators[one.place] for one in plan.endpoints if one.place in plan.iterators]


def test_the_method_is_called_after_what_is_listed() -> None:
    assert names_of(a="list_things", b="get_others", c="search") == ["iter_things", "iter_others", "iter_search"]


def test_two_lists_of_one_name_are_told_apart_whatever_their_order() -> None:
    assert names_of(a="list_things", b="get_things") == ["iter_list_things", "iter_get_things"]
    assert names_of(a="get_things", b="list_things") == ["iter_get_things", "iter_list_things"]


def test_an_operation_keeps_its_name_and_the_method_of_pages_makes_way() -> None:
    assert names_of(a="list_things", b="iter_things") == ["iter_things_2"]


# --- generated and called -------------------------------------------------------------------------------------------

SEARCH: Json = {
    "target": "$.paths['/openapi/visit/search'].post",
    "description": "Pages by a token in the body.",
    "update": {
        "operationId": "get_visits_of_client",
        "x-mantago-reads": True,
        "x-mantago-paging": {"token": "after", "items": "visits", "next": "next", "more": "more"},
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Today's operation, and three lists in pages: by number, by token, and by token with the rule in the body."""
    spec = many_operations.spec(kinds=False)
    spec["components"]["schemas"] |= {
        "VisitSearch": {"allOf": [ref("ClientIdentificationRequest"), record(after=TEXT)]},
        "VisitSearchPage": success(visits=listed(ref("Visit")), next=TEXT, more=FLAG),
    }
    paths = ("/openapi/client/gift", "/openapi/tag", "/openapi/visits")
    spec["paths"] = {path: spec["paths"][path] for path in paths} | {
        "/openapi/visit/search": {"post": operation("VisitSearchPage", "VisitSearch")}
    }
    overlay = yaml.safe_load(FIRST.names.read_text("utf-8"))
    overlay["actions"] += [*many_operations.PAGING_ACTIONS, SEARCH]
    errata = FIRST.overlay.read_text("utf-8")
    return generated(tmp_path_factory.mktemp("paged") / "project", spec, yaml.safe_dump(overlay), errata or NOTHING)


@pytest.fixture(scope="module")
def paged(folder: Path) -> Iterator[ModuleType]:
    with imported(folder) as package:
        yield package


class Called:
    """A client of one of the two kinds; `all` collects what a method of it yields."""

    def __init__(self, is_async: bool, **options: Any) -> None:
        mantago = import_module("mantago")
        self.is_async = is_async
        self.client = (mantago.AsyncMantaGo if is_async else mantago.MantaGo)(**options)
        self.runner = asyncio.Runner()

    def all(self, name: str, **arguments: Any) -> list[Any]:
        items = getattr(self.client, name)(**arguments)
        if not self.is_async:
            return [*items]

        async def collect() -> list[Any]:
            return [item async for item in items]

        return self.runner.run(collect())

    def close(self) -> None:
        if self.is_async:
            self.runner.run(self.client.aclose())
        else:
            self.client.close()
        self.runner.close()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def called(request: pytest.FixtureRequest, paged: ModuleType) -> Iterator[tuple[Called, Any]]:
    """A client in front of a fake that has three pages of each list."""
    fake = import_module("mantago.testing").FakeMantaGo()
    fake.add_client("VolejRejN")
    fake.answer("list_visits", lambda asked: by_number(int(asked.query["page"]), int(asked.query.get("perPage", 2))))
    fake.answer("list_tags", lambda asked: by_token(asked.query.get("next")))
    fake.answer("get_visits_of_client", lambda asked: by_body(asked.body.get("after")))
    made = Called(request.param, transport=fake, credentials=fake.credentials)
    yield made, fake
    made.close()


def by_number(page: int, size: int) -> Json:
    visits = [{"id": str(number)} for number in range(5)]
    return {"visits": visits[(page - 1) * size : page * size], "total": 5}


def by_token(token: str | None) -> Json:
    at, following = {None: (0, "b"), "b": (1, "c"), "c": (2, "b")}[token]
    return {"items": [{"name": str(at)}], "page": {"next": following, "size": 1}}


def by_body(token: str | None) -> Json:
    return {"visits": [{"id": token or "first"}], "next": "second", "more": token is None}


def test_all_pages_by_number_are_gone_through_until_all_items_have_come(called: tuple[Called, Any]) -> None:
    made, fake = called
    assert [visit.id for visit in made.all("iter_visits")] == ["0", "1", "2", "3", "4"]
    assert len(fake.requests) == 3
    assert [visit.id for visit in made.all("iter_visits", per_page=4)] == ["0", "1", "2", "3", "4"]
    assert len(fake.requests) == 5


def test_all_pages_by_token_are_gone_through_until_one_comes_again(called: tuple[Called, Any]) -> None:
    made, fake = called
    assert [tag.name for tag in made.all("iter_tags", limit=1)] == ["0", "1", "2"]
    assert len(fake.requests) == 3


def test_the_rule_and_a_token_in_the_body_hold_for_pages_too(called: tuple[Called, Any]) -> None:
    made, fake = called
    assert [one.id for one in made.all("iter_visits_of_client", client_id="VolejRejN")] == ["first", "second"]
    with pytest.raises(import_module("mantago").IdentificationError):
        made.client.iter_visits_of_client(platform="line")
    assert len(fake.requests) == 2


def test_each_page_has_its_own_retries_and_its_own_time(called: tuple[Called, Any]) -> None:
    made, fake = called

    def answer(asked: Any) -> Json:
        page = int(asked.query["page"])
        if page < 3:
            fake.fail("server_error", times=2)
            fake.fail("slow_answer", seconds=20)
        return by_number(page, 2)

    fake.answer("list_visits", answer)
    assert len(made.all("iter_visits", timeout=30)) == 5
    assert len(fake.requests) == 3 + 2 * 2
    with pytest.raises(import_module("mantago").APITimeoutError):
        made.all("iter_visits", timeout=10)


def test_what_with_options_was_given_holds_for_each_page(called: tuple[Called, Any]) -> None:
    made, fake = called
    other = copy.copy(made)
    other.client = made.client.with_options(headers={"X-Tenant": "7"}, max_retries=0)
    assert len(other.all("iter_visits")) == 5
    assert [asked.headers["x-tenant"] for asked in fake.requests] == ["7"] * 3
    fake.fail("server_error")
    with pytest.raises(import_module("mantago").ServerError):
        other.all("iter_visits")
    assert len(fake.requests) == 4


def test_the_methods_of_pages_say_that_time_and_retries_hold_for_each(paged: ModuleType) -> None:
    for cls in (import_module("mantago").MantaGo, import_module("mantago").AsyncMantaGo):
        for name in ("iter_visits", "iter_tags", "iter_visits_of_client"):
            said = " ".join(getattr(cls, name).__doc__.split())
            assert "`timeout` is in seconds and holds for each page, as retries do" in said


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", ["iter_visits", "iter_tags"])
def test_the_sandbox_and_a_bare_fake_serve_lists_that_end(paged: ModuleType, name: str, *, is_async: bool) -> None:
    fake = import_module("mantago.testing").FakeMantaGo()
    with import_module("mantago.sandbox").Sandbox() as box:
        served = {key: getattr(box, key) for key in ("base_url", "bot_id", "token", "secret")}
        for options in ({"transport": fake, "credentials": fake.credentials}, served):
            made = Called(is_async, **options)
            items = made.all(name)
            made.close()
            assert {type(item).__name__ for item in items} == {"Visit" if name == "iter_visits" else "Tag"}


SAMPLE = """\
from typing import reveal_type

from mantago import AsyncMantaGo, MantaGo


def sync(client: MantaGo) -> None:
    reveal_type(client.iter_visits())  # = Iterator[Visit]
    for tag in client.iter_tags(limit=5, timeout=3):
        reveal_type(tag.name)  # = str
    reveal_type(client.iter_visits_of_client(platform="line", platform_client_id="U1"))  # = Iterator[Visit]
    client.iter_visits_of_client(platform="line")  # wrong
    client.iter_visits(page=2)  # wrong


async def asynchronous(client: AsyncMantaGo) -> None:
    reveal_type(client.iter_tags())  # = AsyncIterator[Tag]
    async for visit in client.iter_visits(per_page=5):
        reveal_type(visit.id)  # = str
    await client.iter_visits()  # wrong
"""


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.name)
def test_type_checkers_agree_on_the_methods_of_pages(checker: Checker, folder: Path, tmp_path: Path) -> None:
    for package in (ROOT / "facade/mantago", ROOT / "facade/mantago_runtime", folder / "mantago_generated"):
        shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "sample.py").write_text(SAMPLE, "utf-8")
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    (tmp_path / "pyrefly.toml").write_text('preset = "strict"')
    program, *options = map(str, checker.command)
    # The packages beside the sample are meant, whatever those are that the tests run on.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [BIN / program, *options, "sample.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False)
    found = {line: said for (file, line), said in checker.read(done.stdout).items() if file == "sample.py"}
    lines = dict(enumerate(SAMPLE.splitlines(), 1))
    wrong = {number for number, line in lines.items() if line.endswith("# wrong")}
    revealed = {number: {line.partition("  # ")[2]} for number, line in lines.items() if "  # =" in line}
    assert {number: said for number, said in found.items() if number not in wrong} == revealed
    assert wrong <= found.keys()
