"""FastAPI takes results as they are: as response models, as bodies, and an open enumeration in the query."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, cast

import httpx
import jsonschema
from fastapi import Body, FastAPI

from mantago import ClientGifts, Gift, GiftResource, MantaGo
from mantago.testing import FakeMantaGo, gift, ticket

GIFTS = ClientGifts([ticket()], [gift()], [gift(resource="birthdayCampaign")], {"loyaltyPoints": 120})
app = FastAPI()
fake = FakeMantaGo()
fake.add_client("VolejRejN", virtual_gifts=[gift(resource="birthdayCampaign")])


@app.get("/clients/{client_id}/gifts")
def read_gifts(client_id: str) -> ClientGifts:
    with MantaGo(transport=fake, credentials=fake.credentials) as client:
        return client.get_client_gifts(client_id=client_id)


@app.post("/best", response_model=list[Gift])
def best(gifts: Annotated[ClientGifts, Body()], resource: GiftResource = GiftResource.UNKNOWN) -> list[Gift]:
    return [one for one in gifts.virtual_gifts if one.resource == resource]


def asked(method: str, path: str, **options: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
            return await client.request(method, path, **options)

    return asyncio.run(ask())


def test_fastapi_answers_with_a_result_and_documents_it() -> None:
    told = asked("GET", "/clients/VolejRejN/gifts").json()
    paths = asked("GET", "/openapi.json").json()
    assert told["virtualGifts"] == [gift(resource="birthdayCampaign").to_dict()]
    [answer] = paths["paths"]["/clients/{client_id}/gifts"]["get"]["responses"]["200"]["content"].values()
    assert answer["schema"] == {"$ref": "#/components/schemas/ClientGifts"}
    assert {"ClientGifts", "Gift", "Ticket", "GiftResource"} <= paths["components"]["schemas"].keys()
    jsonschema.validate(told, cast("Any", answer["schema"] | {"components": paths["components"]}))


def test_fastapi_takes_a_result_as_a_body_and_an_enumeration_in_the_query() -> None:
    done = asked("POST", "/best?resource=birthdayCampaign", json=GIFTS.to_dict())
    wrong = asked("POST", "/best", json={"tickets": [{}]})
    assert done.json() == [GIFTS.virtual_gifts[0].to_dict()]
    assert wrong.status_code == 422
    [line] = wrong.json()["detail"]
    assert line["loc"] == ["body", "tickets", 0, "createdAt"]
    assert line["msg"] == "is missing, though required by the spec"
