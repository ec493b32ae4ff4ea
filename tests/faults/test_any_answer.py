"""Any answer that fits the vendored schema, and any change of one: the schema itself says what must come of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schema import ANSWERS, PUBLISHED, as_bytes, mutants, success
from scripted import SOAK, Connection, answer, serving

from conftest import Connect
from mantago import ClientGifts, InvalidResponseError, MantaGoError
from mantago_runtime.calls.responses import parse_response
from mantago_runtime.mappings import Headers
from mantago_runtime.reading.readers import model_of
from mantago_runtime.reading.results import read_result

pytestmark = pytest.mark.unmeasured
ANSWERS_MADE = 2_000 if SOAK else 80
"""Each is changed at every node in every way: tests print how many cases that made."""
ON_SOCKETS = 40
LONG = list(HealthCheck)
"""An answer may have any number of fields; how long it takes to make one up says nothing of us."""


def read(body: bytes, *, strict: bool = False) -> ClientGifts:
    """Read a body as a call does, from its first byte on."""
    payload = parse_response(200, Headers(), body, 0.0)
    return read_result(model_of(ClientGifts), payload, strict=strict)[0]


@settings(max_examples=ANSWERS_MADE, deadline=None, suppress_health_check=LONG)
@given(ANSWERS)
def test_an_answer_of_the_schema_has_no_drift_and_survives_to_dict_unchanged(made):
    gifts = read(as_bytes(made))
    assert gifts.drift == ()
    assert read(as_bytes(made), strict=True) == gifts
    # What to_dict() leaves out, the envelope, comes from the same answer.
    again = {name: made[name] for name in ("success", "message")} | gifts.to_dict()
    assert read(as_bytes(again)) == gifts
    assert read(as_bytes(again)).to_dict() == gifts.to_dict()


def test_any_change_at_any_node_gives_the_right_drift_or_names_the_place():
    seen: Counter[str] = Counter()

    @settings(max_examples=ANSWERS_MADE, deadline=None, suppress_health_check=LONG)
    @given(ANSWERS)
    def check(made: Any) -> None:
        for mutant in mutants(made):
            try:
                gifts = read(as_bytes(mutant.answer))
            except InvalidResponseError as error:
                assert error.path == mutant.refused, (mutant, error)
                seen["refused"] += 1
            else:
                assert mutant.refused is None, mutant
                assert Counter((line.kind, line.path) for line in gifts.drift) == Counter(mutant.drift), mutant
                seen["drift" if mutant.drift else "as it was"] += 1
            seen[mutant.change.split()[0]] += 1

    check()
    print(f"{seen['refused'] + seen['drift'] + seen['as it was']} changed answers: {dict(seen)}")
    assert min(seen[kind] for kind in ("drop", "null", "retype", "rename", "add", "reorder")) > ANSWERS_MADE
    assert seen["drift"] > 10 * ANSWERS_MADE < seen["refused"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(sorted(success(PUBLISHED)["properties"])) | st.text(max_size=5), inner, max_size=6
        )
    ),
    max_leaves=20,
)


@settings(max_examples=ANSWERS_MADE, deadline=None)
@given(
    st.one_of(
        JSON.map(as_bytes),
        st.binary(max_size=200),
        st.tuples(ANSWERS.map(as_bytes), st.integers(0, 200)).map(lambda cut: cut[0][: cut[1]]),
    )
)
def test_any_body_at_all_is_read_or_is_our_error(body):
    try:
        assert isinstance(read(body), ClientGifts)
    except MantaGoError as error:
        assert str(error)


def test_any_answer_of_the_schema_and_its_changes_come_over_sockets_as_they_are_read_here(connect: Connect):
    sending: list[bytes] = []

    def script(connection: Connection) -> None:
        while connection.request():
            connection.send(answer(sending[0]))

    def outcome(call: Any) -> Any:
        try:
            return call()
        except MantaGoError as error:
            return type(error), getattr(error, "path", None), error.args[0]

    with serving(script) as server:
        driver = connect(base_url=server.base_url)

        @settings(max_examples=ON_SOCKETS, deadline=None, suppress_health_check=LONG)
        @given(ANSWERS, st.randoms(use_true_random=False))
        def check(made: Any, draw: Any) -> None:
            for body in (as_bytes(made), as_bytes(draw.choice(list(mutants(made))).answer)):
                sending[:] = [body]
                assert outcome(lambda: driver.get_client_gifts(client_id="a")) == outcome(lambda body=body: read(body))

        check()
