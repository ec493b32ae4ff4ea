"""The rules of OpenAPI 3.0, as openapi-spec-validator checks them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from jsonschema.exceptions import ValidationError
from openapi_spec_validator import OpenAPIV30SpecValidator
from openapi_spec_validator.validation.keywords import OpenAPIV30SchemaValidator, OpenAPIV30ValueValidator


class _Ids(list[int]):
    """A list in which looking a number up takes no time: the validator does it at each schema."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[int] = set()

    def append(self, item: int) -> None:
        self.known.add(item)

    def __contains__(self, item: object) -> bool:
        return item in self.known


class _SchemaValidator(OpenAPIV30SchemaValidator):
    """The library's validator, in which shared schemas wait for their turn: it would recurse along a chain of them."""

    def __init__(self, registry: Any) -> None:
        super().__init__(registry)
        self.visited_schema_ids, self.meta_checked_schema_ids = _Ids(), _Ids()
        # The identities of the schemas that others can refer to.
        self.shared: set[int] = set()
        self._depth = 0
        self._waiting: list[Any] = []

    def __call__(self, schema: Any, *args: Any, **options: Any) -> Iterator[ValidationError]:
        if self._depth and id(schema.read_value()) in self.shared:
            self._waiting.append(schema)
            return
        self._depth += 1
        yield from _placed(schema, super().__call__(schema, *args, **options))
        while self._depth == 1 and self._waiting:
            schema = self._waiting.pop()
            yield from _placed(schema, super().__call__(schema, require_properties=False, meta_checked=True))
        self._depth -= 1


class _ValueValidator(OpenAPIV30ValueValidator):
    """The library's validator, with errors that tell the place of the value."""

    def __call__(self, schema: Any, value: Any) -> Iterator[ValidationError]:
        yield from _placed(schema / "default", super().__call__(schema, value))


def _placed(place: Any, errors: Iterator[ValidationError]) -> Iterator[ValidationError]:
    """Yield the errors, each with the innermost place that its own path is relative to."""
    for error in errors:
        vars(error).setdefault("place", place.parts)
        yield error


class _SpecValidator(OpenAPIV30SpecValidator):
    # RUF012: so its base has it.
    keyword_validators = {  # noqa: RUF012
        **OpenAPIV30SpecValidator.keyword_validators,
        "default": _ValueValidator,
        "schema": _SchemaValidator,
    }

    def beyond_the_schema(self) -> Iterator[ValidationError]:
        schemas = self.schema.get("components", {}).get("schemas", {})
        checker = cast("_SchemaValidator", self.keyword_validators_registry["schema"])
        checker.shared = {id(schema) for schema in schemas.values()}
        yield from self.root_validator(self.schema_path)


def violations(spec: Mapping[str, Any]) -> list[ValidationError]:
    """Return the errors of a document by the specification's schema or, if there are none, by the rules beyond it."""
    validator = _SpecValidator(spec)
    # The rules beyond the schema may crash on a document that doesn't conform to the schema.
    return list(validator.schema_validator.iter_errors(spec)) or list(validator.beyond_the_schema())
