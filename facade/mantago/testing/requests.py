"""The reading of requests and the judging of answers, by the spec, for sandbox and fake; it needs no further package.

Both name faults in the same words. Parameters may have the styles in `STYLES`. Bodies are read as JSON or as forms; any
other body is a text to its schema.
"""

import json
from collections.abc import Iterator, Mapping
from email.parser import BytesParser
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from mantago.testing.answers import is_json
from mantago.testing.document import Document, Node, SpecOperation
from mantago.testing.refusals import CannedResponse
from mantago.testing.schemas import Hidden, schema_faults
from mantago.testing.service import REFUSAL, ParsedRequest

__all__ = ["STYLES", "answer_faults", "read"]

Pairs = list[tuple[str, str]]
STYLES: Final = {
    "deepObject": "",
    "form": ",",
    "pipeDelimited": "|",
    "simple": ",",
    "spaceDelimited": " ",
    "label": ",",
    "matrix": ",",
}
"""The styles in which a parameter's value can be written, and the separator of an array's elements in each."""
_PREFIXED: Final = {"label": ".", "matrix": ";"}
_HEADERS_OF_OTHERS: Final = {"accept", "authorization", "content-type"}
"""The header parameters that OpenAPI ignores."""
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


def read(
    document: Document, operation: SpecOperation, headers: Mapping[str, str], query: str, body: bytes
) -> ParsedRequest:
    """Read a request against its operation; the headers have names in lower case."""
    given = {
        "query": parse_qsl(query, keep_blank_values=True),
        "path": [*operation.in_path.items()],
        "header": [*headers.items()],
        "cookie": [_pair(unquote(part)) for part in headers.get("cookie", "").split(";")],
    }
    parameters, wrong = _parameters(document, operation, given)
    declared = document.resolved(operation.node.get("requestBody", {}))
    content = None
    if body and declared:
        media_type = headers.get("content-type", "")
        content, about_body = _content(document, declared["content"], media_type, body, hidden="readOnly")
        wrong += about_body
    elif declared.get("required"):
        wrong.append("body: is missing")
    return ParsedRequest(
        operation=operation,
        tokens=_tokens(document, operation, given),
        faults=tuple(wrong),
        query=parameters,
        body=content if isinstance(content, dict) else {},
    )


def _pair(cookie: str) -> tuple[str, str]:
    name, _, value = cookie.strip().partition("=")
    return name, value


def _tokens(document: Document, operation: SpecOperation, given: Mapping[str, Pairs]) -> tuple[str, ...] | None:
    """Return the tokens for the first security requirement that the request meets, None if it meets none."""
    ways = operation.node.get("security", document.spec.get("security"))
    for way in ways or [{}]:
        schemes = [document.resolved(document.spec["components"]["securitySchemes"][name]) for name in way]
        tokens = [_token(scheme, given) for scheme in schemes]
        if all(tokens):
            return tuple(tokens)
    return None


def _token(scheme: Node, given: Mapping[str, Pairs]) -> str:
    if scheme["type"] == "apiKey":
        wanted = scheme["name"].lower() if scheme["in"] == "header" else scheme["name"]
        return dict(reversed(given[scheme["in"]])).get(wanted, "")
    kind, _, token = dict(given["header"]).get("authorization", "").partition(" ")
    return token if kind.lower() == scheme.get("scheme", "bearer").lower() else ""


def _parameters(
    document: Document, operation: SpecOperation, given: Mapping[str, Pairs]
) -> tuple[dict[str, Any], list[str]]:
    """Return the correct parameters of the query, and the faults of parameters in any place."""
    right: dict[str, Any] = {}
    wrong: list[str] = []
    for parameter in operation.node["parameters"]:
        place, label = parameter["in"], f"{parameter['in']} parameter {parameter['name']}"
        if place == "header" and parameter["name"].lower() in _HEADERS_OF_OTHERS:
            continue
        value, faults = _parameter(document, parameter, given[place])
        wrong += [f"{label}{fault}" for fault in faults]
        if place == "query" and value is not None and not faults:
            right[parameter["name"]] = value
    return right, wrong


def _parameter(document: Document, parameter: Node, pairs: Pairs) -> tuple[Any, list[str]]:
    """Return a parameter's value, None if it isn't given, and its faults."""
    media = parameter if "schema" in parameter else next(iter(parameter["content"].values()))
    schema = media.get("schema", {})
    kinds = _kinds(document, schema) if media is parameter else set()
    written = _written(document, parameter, schema, kinds, pairs)
    if not written:
        return None, [": is missing"] if parameter.get("required") else []
    if written == [""] and parameter["in"] == "query" and not _may_be_empty(document, parameter, schema):
        return None, [": is empty"]
    single = written if isinstance(written, list) and "array" not in kinds else []
    value = _meant(document, schema, single[0] if single else written)
    faults = [fault.removeprefix("$") for fault in schema_faults(document, schema, value, hidden="readOnly")]
    return value, [*faults, ": given more than once"] if len(single) > 1 else faults


def _may_be_empty(document: Document, parameter: Node, schema: Node) -> bool:
    """Return whether an empty text is a value: the document allows it, or has it as the default or in an enum."""
    told = [value for part in document.parts(schema) for value in (part.get("default"), *part.get("enum", ()))]
    return bool(parameter.get("allowEmptyValue")) or "" in told


def _written(
    document: Document, parameter: Node, schema: Node, kinds: set[str], pairs: Pairs
) -> list[str] | dict[str, str]:
    """Return the texts of a parameter: all those given, the elements of an array, or the members of an object."""
    name, place = parameter["name"], parameter["in"]
    name = name.lower() if place == "header" else name
    style = parameter.get("style", "form" if place in {"query", "cookie"} else "simple")
    explode = parameter.get("explode", style == "form")
    if style == "deepObject":
        start = f"{name}["
        return {key[len(start) : -1]: text for key, text in pairs if key.startswith(start) and key.endswith("]")}
    if "object" in kinds and style == "form" and explode:
        members = _members(document, schema)
        return {key: text for key, text in pairs if key in members}
    texts = [text for key, text in pairs if key == name]
    between = STYLES[style]
    if style in _PREFIXED:
        between, texts = _without_prefix(style, name, texts, explode=explode)
    if not texts or not kinds & {"array", "object"} or (style == "form" and explode):
        return texts
    pieces = texts[0].split(between)
    if "array" in kinds:
        return pieces
    return dict(map(_pair, pieces)) if explode else dict(zip(pieces[::2], pieces[1::2], strict=False))


def _without_prefix(style: str, name: str, texts: list[str], *, explode: bool) -> tuple[str, list[str]]:
    """Return the separator of a segment that has a prefix, and the segment without the prefix."""
    first = _PREFIXED[style]
    bare = [text.removeprefix(first) for text in texts]
    if style == "matrix":
        bare = [text.removeprefix(f"{name}=").replace(f"{first}{name}=", first) for text in bare]
    return first if explode else ",", bare


def _kinds(document: Document, schema: Node) -> set[str]:
    """Return the types that a schema allows, none where it doesn't say."""
    kinds = [part.get("type", ()) for part in document.parts(schema)]
    return {name for kind in kinds for name in ([kind] if isinstance(kind, str) else kind)}


def _members(document: Document, schema: Node) -> dict[str, Node]:
    return {name: node for part in document.parts(schema) for name, node in part.get("properties", {}).items()}


def _meant(document: Document, schema: Node, written: Any) -> Any:
    """Return the value of a text, or of the texts in a list or an object, as the schema has it."""
    if isinstance(written, list):
        items: Node = next((part["items"] for part in document.parts(schema) if "items" in part), {})
        return [_meant(document, items, text) for text in written]
    if isinstance(written, dict):
        members = _members(document, schema)
        return {name: _meant(document, members.get(name, {}), text) for name, text in written.items()}
    kinds = _kinds(document, schema)
    if kinds <= {"string"}:
        return written
    readings = [written, _as_json(written)] if "string" in kinds else [_as_json(written), written]
    fitting = (value for value in readings if not [*schema_faults(document, schema, value, hidden="readOnly")])
    return next(fitting, readings[0])


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _content(
    document: Document, declared: Mapping[str, Node], media_type: str, body: bytes, *, hidden: Hidden
) -> tuple[Any, list[str]]:
    """Return the content of a body, and its faults."""
    kind = media_type.partition(";")[0].strip().lower()
    # A range, such as */*, comes after types that are listed by name.
    listed = (declared[name] for name in sorted(declared, key=lambda name: "*" in name) if fnmatchcase(kind, name))
    media = next(listed, None)
    if media is None:
        return None, [f"body: must have the Content-Type {' or '.join(declared)}"]
    schema = media.get("schema", {})
    try:
        try:
            value = _parsed(document, media, kind, media_type, body)
        except ValueError:
            return None, [f"body: can't be read as {kind}, which its Content-Type says"]
        # Two parts of allOf may demand the same.
        faults = dict.fromkeys(schema_faults(document, schema, value, hidden=hidden))
    except RecursionError:
        return None, ["body: is nested too deeply"]
    return value, [f"body{fault.removeprefix('$')}" for fault in faults]


def _parsed(document: Document, media: Node, kind: str, media_type: str, body: bytes) -> Any:
    """Return the value of a body; raise ValueError if it isn't what its Content-Type says."""
    if is_json(kind):
        return json.loads(body)
    if kind in _FORMS:
        pairs = parse_qsl(body.decode(), keep_blank_values=True) if kind == _FORMS[0] else _form(media_type, body)
        schema: Node = media.get("schema", {})
        return _meant(document, schema, _fields(document, schema, media.get("encoding", {}), [*pairs]))
    return body.decode("utf-8" if kind.startswith("text/") else "latin-1")


def _fields(document: Document, schema: Node, encoding: Mapping[str, Node], pairs: Pairs) -> dict[str, Any]:
    """Return the texts of a form's fields, some of which are written like parameters of the query."""
    members, written = _members(document, schema), dict[str, Any]()
    for name, told in encoding.items():
        node = members.get(name, {})
        if "style" in told or "explode" in told:
            kinds = _kinds(document, node)
            texts = _written(document, {"name": name, "in": "query", **told}, node, kinds, pairs)
            single = texts if isinstance(texts, list) and "array" not in kinds else []
            written |= {name: single[0] if single else texts} if texts else {}
            pairs = [(key, text) for key, text in pairs if key != name and not key.startswith(f"{name}[")]
    for name, text in pairs:
        if "array" in _kinds(document, members.get(name, {})):
            written.setdefault(name, []).append(text)
        else:
            written[name] = text
    return written


def _form(media_type: str, body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the fields of a multipart body; of a field that is no text, each byte is read as a character."""
    form = BytesParser().parsebytes(b"Content-Type: " + media_type.encode("latin-1") + b"\r\n\r\n" + body)
    if not form.is_multipart():
        raise ValueError("there are no parts")
    for part in form.walk():
        if part.is_multipart():
            continue
        content: Any = part.get_payload(decode=True)
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = content.decode("latin-1")
        yield str(part.get_param("name", "", "content-disposition")), text


def answer_faults(document: Document, operation: SpecOperation | None, answer: CannedResponse) -> Iterator[str]:
    """Yield the faults of an answer by its status; one that the spec doesn't list has the envelope of refusals."""
    responses = operation.node["responses"] if operation else {}
    statuses = (str(answer.status), f"{answer.status // 100}XX", "default")
    refusal = {"content": {"application/json": {"schema": {"$ref": REFUSAL}}}}
    promised = document.resolved(next((responses[status] for status in statuses if status in responses), refusal))
    headers = [(name.lower(), value) for name, value in answer.headers]
    for name, header in promised.get("headers", {}).items():
        parameter = {**document.resolved(header), "name": name, "in": "header"}
        yield from (f"header {name}{fault}" for fault in _parameter(document, parameter, headers)[1])
    content = promised.get("content")
    if content and not answer.body:
        yield "body: is missing"
    elif content:
        yield from _content(document, content, answer.content_type, answer.body, hidden="writeOnly")[1]
