"""Results become rows of pandas and polars in a line, with times that are times."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from mantago import ClientGifts, MantaGo
from mantago.testing import FakeMantaGo, gift, ticket

pd = pytest.importorskip("pandas", reason="pandas isn't built for this Python")
pl = pytest.importorskip("polars", reason="polars isn't built for this Python")
CREATED = datetime(2024, 7, 15, 10, 30, 28, 700_000, tzinfo=UTC)


@pytest.fixture
def gifts() -> ClientGifts:
    fake = FakeMantaGo()
    fake.add_client(
        "VolejRejN", tickets=[ticket()], virtual_gifts=[gift("Cup", is_expired=True), gift(resource="birthdayCampaign")]
    )
    with MantaGo(transport=fake, credentials=fake.credentials) as client:
        return client.get_client_gifts(client_id="VolejRejN")


def test_to_dict_gives_rows_under_the_services_names(gifts: ClientGifts) -> None:
    for frame in (
        pd.DataFrame(one.to_dict() for one in gifts.virtual_gifts),
        pl.DataFrame(one.to_dict() for one in gifts.virtual_gifts),
    ):
        assert [*frame.columns] == ["name", "resource", "createdAt", "isExpired", "startTime", "endTime"]
        assert [*frame["resource"]] == ["rewardsCard", "birthdayCampaign"]


def test_text_becomes_times(gifts: ClientGifts) -> None:
    pandas = pd.DataFrame(one.to_dict() for one in gifts.virtual_gifts)
    pandas["createdAt"] = pd.to_datetime(pandas["createdAt"])
    assert pandas["createdAt"].iloc[0] == CREATED
    polars = pl.DataFrame(one.to_dict() for one in gifts.virtual_gifts)
    assert polars.with_columns(pl.col("createdAt").str.to_datetime(time_zone="UTC"))["createdAt"][0] == CREATED


def test_attrs_gives_rows_under_our_names_with_times_as_they_are(gifts: ClientGifts) -> None:
    def row(one: object) -> dict[str, object]:
        return attrs.asdict(one, filter=lambda field, _: field.name != "extra")  # type: ignore[arg-type]

    rows = [{"kind": "ticket", **row(one)} for one in gifts.tickets]
    rows += [{"kind": "virtual", **row(one)} for one in gifts.virtual_gifts]
    pandas, polars = pd.DataFrame(rows), pl.DataFrame(rows, infer_schema_length=None)
    assert pandas["created_at"].iloc[0] == polars["created_at"][0] == CREATED
    assert str(polars["end_time"].dtype) == "Datetime(time_unit='us', time_zone='UTC')"
    assert str(pandas["end_time"].dtype).endswith(", UTC]")
    assert polars["name"].to_list() == [None, "Cup", gift().name]
