"""The rule: either client_id, or both platform and platform_client_id."""

import httpx
import pytest

from conftest import GOOD, Connect
from mantago import IdentificationError, Platform
from mantago.identification import identify

RULE = "either client_id, or both platform and platform_client_id"


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ({}, "nothing was given: client_id is missing, or else platform and platform_client_id"),
        ({"platform": "line"}, "platform was given, but platform_client_id is missing"),
        ({"platform_client_id": "U1"}, "platform_client_id was given, but platform is missing"),
        ({"client_id": "a", "platform": "line"}, "client_id and platform were given, which is both ways at once"),
        (
            {"client_id": "a", "platform": "line", "platform_client_id": "U1"},
            "client_id, platform and platform_client_id were given",
        ),
        ({"client_id": ""}, "client_id was given, but is empty"),
        ({"client_id": " \t"}, "client_id was given, but is blank"),
        ({"platform": "line", "platform_client_id": ""}, "platform_client_id was given, but is empty"),
        ({"platform": "", "platform_client_id": "U1"}, "platform was given, but is empty"),
        ({"client_id": "", "platform": "line", "platform_client_id": "U1"}, "client_id was given, but is empty"),
        ({"client_id": 5}, "client_id must be a string, not int"),
        ({"platform": "line", "platform_client_id": b"U1"}, "platform_client_id must be a string, not bytes"),
        ({"client_id": "\ud800"}, "half of a surrogate pair"),
    ],
)
def test_a_call_that_breaks_the_rule_is_refused_before_anything_is_sent(connect: Connect, who, told):
    sent: list[httpx.Request] = []
    driver = connect(sent.append)
    with pytest.raises(IdentificationError) as caught:
        driver.get_client_gifts(**who)
    assert told in str(caught.value)
    assert RULE in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert not sent


@pytest.mark.parametrize("platform", ["LINE", "telegram", " line"])
def test_a_platform_that_the_spec_does_not_list_is_refused_and_the_listed_ones_named(platform):
    with pytest.raises(IdentificationError, match="line, facebook, instagram, liveChat, whatsapp") as caught:
        identify(platform=platform, platform_client_id="U1")
    assert repr(platform) in str(caught.value)


def test_an_identification_error_and_a_repr_never_show_the_personal_id():
    with pytest.raises(IdentificationError) as caught:
        identify(client_id="a", platform_client_id="U-personal")
    assert "U-personal" not in str(caught.value)
    assert "U-personal" not in repr(identify(platform="line", platform_client_id="U-personal"))


@pytest.mark.parametrize("platform", [*Platform, *(str(platform) for platform in Platform)])
def test_each_platform_is_accepted_as_member_and_as_string(connect: Connect, platform):
    sent = []
    connect(lambda request: sent.append(request) or httpx.Response(200, json=GOOD)).get_client_gifts(
        platform=platform, platform_client_id="U1"
    )
    assert sent[0].url.params["platform"] == platform


ODD_IDS = ["a/b", "a?b&c=d%20", " padded ", "多語言", "🎁", "a+b", "..", "a\r\nb", "a\x00b"]


@pytest.mark.parametrize("value", ODD_IDS)
def test_an_id_travels_as_given_in_body_and_query(connect: Connect, value):
    import json

    sent = []
    driver = connect(lambda request: sent.append(request) or httpx.Response(200, json=GOOD))
    driver.get_client_gifts(client_id=value)
    driver.get_client_gifts(platform="line", platform_client_id=value)
    assert json.loads(sent[0].content)["clientId"] == value
    assert json.loads(sent[1].content)["platformClientId"] == value
    assert sent[1].url.params["platformClientId"] == value


def test_the_pair_goes_into_body_and_query_and_a_client_id_into_the_body_only(connect: Connect):
    import json

    sent = []
    driver = connect(lambda request: sent.append(request) or httpx.Response(200, json=GOOD))
    driver.get_client_gifts(client_id="VolejRejN")
    driver.get_client_gifts(platform="line", platform_client_id="U1")
    assert dict(sent[0].url.params) == {"botId": "1NbWoobyg"}
    assert json.loads(sent[0].content).keys() == {"secret", "clientId"}
    assert dict(sent[1].url.params) == {"botId": "1NbWoobyg", "platform": "line", "platformClientId": "U1"}
    assert json.loads(sent[1].content).keys() == {"secret", "platform", "platformClientId"}


def test_identify_in_body_keeps_the_personal_id_out_of_the_url(connect: Connect):
    import json

    sent = []
    driver = connect(lambda request: sent.append(request) or httpx.Response(200, json=GOOD), identify_in="body")
    driver.get_client_gifts(platform="line", platform_client_id="U1")
    assert dict(sent[0].url.params) == {"botId": "1NbWoobyg"}
    assert json.loads(sent[0].content)["platformClientId"] == "U1"


def test_an_id_too_long_for_a_url_is_refused_unless_it_stays_out_of_it(connect: Connect):
    long = "U" * 1024 * 1024
    with pytest.raises(IdentificationError, match="can't be part of a URL"):
        connect(lambda _: httpx.Response(200, json=GOOD)).get_client_gifts(platform="line", platform_client_id=long)
    driver = connect(lambda _: httpx.Response(200, json=GOOD), identify_in="body")
    assert driver.get_client_gifts(platform="line", platform_client_id=long).tickets == ()


def test_a_client_named_twice_is_one_client_and_its_repr_shows_no_id():
    pairs = [{"client_id": "a"}, {"platform": "line", "platform_client_id": "a"}, {"client_id": "b"}]
    assert len({identify(**pair): pair for pair in pairs * 2}) == 3
    assert identify(client_id="a") != "a"
    assert not any("'a'" in repr(identify(**pair)) for pair in pairs)
