"""A made-up bump: an API of 28 operations at 0.399.0, and what becomes of it at 0.400.0, of 30 operations.

    python tests/made_up_bump.py FOLDER    # writes before.json and after.json, for upgrade.py in a scratch clone

What breaks, what is compatible and what is nothing but text are mixed, as in a real one.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
from many_operations import FLAG, LIMIT, NEXT, TEXT, Json, enum, operation, ref, spec
from vendoring.vendored import canonical

LEFT_OUT = "booking survey form ticket invoice reward visit note group label flow menu"
METHODS = ("get", "post", "put", "patch", "delete")


def count(document: Json) -> int:
    """The number of operations."""
    return sum(method in METHODS for item in document["paths"].values() for method in item)


def before() -> Json:
    """The API at 0.399.0."""
    document = spec(kinds=False)
    document["info"]["version"] = "0.399.0"
    for name in LEFT_OUT.split():
        del document["paths"][f"/openapi/{name}/list"]
    for path in ("/openapi/client/points", "/openapi/visits"):
        del document["paths"][path]
    # A path with a parameter that the gifts' path fits, too, would be another story.
    document["paths"] = {path.replace("/client/{", "/customer/{"): item for path, item in document["paths"].items()}
    return document


def after() -> Json:
    """The API at 0.400.0: 27 of the 28 operations stay, three are new."""
    document = copy.deepcopy(before())
    document["info"]["version"] = "0.400.0"
    schemas, paths = document["components"]["schemas"], document["paths"]
    # What breaks:
    del paths["/openapi/product/list"]
    schemas["Search"]["required"].append("types")
    schemas["Page"]["properties"]["total"] = TEXT
    schemas["Broadcast"]["properties"]["to"]["maxItems"] = 500
    paths["/openapi/tag"]["get"]["parameters"] = [
        found | {"required": True} if found["name"] == "next" else found
        for found in paths["/openapi/tag"]["get"]["parameters"]
    ]
    schemas["ClientIdentificationRequest"]["properties"]["clientId"]["maxLength"] = 8
    # What is a warning:
    schemas["GiftItem"]["properties"]["resource"]["enum"].append("diceGame")
    paths["/openapi/client/gift"]["post"]["responses"]["409"] = {"$ref": "#/components/responses/RateLimitError"}
    # What is compatible:
    schemas["GiftItem"]["properties"]["quantity"] = {"type": "integer"}
    schemas["Client"]["properties"]["nickname"] = TEXT
    schemas["Search"]["properties"]["archived"] = FLAG
    paths["/openapi/points/list"]["post"]["parameters"].append(
        {"name": "sort", "in": "query", "schema": enum("新", "舊")}
    )
    for name in ("campaign", "audience", "segment"):
        paths[f"/openapi/{name}/list"] = {
            "post": operation("ClientPage", "Search", LIMIT, NEXT, summary=f"列出 {name}")
        }
    # What is nothing but text:
    paths["/openapi/client/gift"]["post"]["summary"] = "取得客戶禮物"
    schemas["GiftItem"]["properties"]["name"]["description"] = "Name of the gift"
    for name in ("Message", "Tag", "Page"):
        schemas[name]["description"] = f"{name}, 說明"
    for path in ("/openapi/order/list", "/openapi/cart/list", "/openapi/coupon/list"):
        paths[path]["post"]["description"] = "Newest first."
    schemas["ClientAnswer"] = {"allOf": [ref("BasicSuccessResponse"), schemas["ClientAnswer"]["allOf"][1]]}
    return document


def main(folder: str) -> None:
    """Write both."""
    documents: dict[str, Any] = {"before": before(), "after": after()}
    for name, document in documents.items():
        (Path(folder) / f"{name}.json").write_text(canonical(document), "utf-8")
        print(f"{name}.json: version {document['info']['version']}, {count(document)} operations")


if __name__ == "__main__":
    main(sys.argv[1])
