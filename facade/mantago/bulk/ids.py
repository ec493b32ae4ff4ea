"""The list of clients: read from a file with its line numbers and checked as a whole, with each client kept once.

The source is read once, before anything is fetched, into a temporary file that is gone when the process ends. So a
million ids need little memory, even from standard input.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Self, TypeAlias

from attrs import frozen

from mantago.bulk.digests import DigestSet, digest
from mantago.identification import ClientIdentity, identify
from mantago_runtime.errors import ConfigurationError, IdentificationError

CLIENT_ID, PLATFORM, PLATFORM_CLIENT_ID = "client_id", "platform", "platform_client_id"
MOST_FAULTS_TOLD = 10
DELIMITERS = ",;\t"

ClientName: TypeAlias = str | tuple[str, str] | ClientIdentity
"""A client as a program names it: by its id, or by the pair of platform and platform client id."""


class ClientList:
    """The clients that a run asks for, in order and without repetition; a context manager.

    `digest` identifies the list. `duplicates` counts the clients that were named more than once.
    """

    def __init__(self, identities: Iterable[ClientIdentity]) -> None:
        self.count = self.duplicates = 0
        with ExitStack() as stack:
            self._file = stack.enter_context(TemporaryFile())
            known, whole = DigestSet(), blake2b(digest_size=16)
            for identity in identities:
                line = line_of(identity)
                if not known.add(digest(line)):
                    self.duplicates += 1
                    continue
                self.count += 1
                whole.update(line.encode() + b"\n")
                self._file.write(line.encode() + b"\n")
            self._file.flush()
            self.digest = whole.hexdigest()
            self._open = stack.pop_all()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[ClientIdentity]:
        self._file.seek(0)
        place = 0
        while line := self._file.readline():
            place = self._file.tell()
            yield identity_of(line)
            self._file.seek(place)

    def shards(self, size: int) -> Iterator[list[ClientIdentity]]:
        """Yield the clients in lists of this size; the last list has the rest."""
        clients = iter(self)
        while shard := [*islice(clients, size)]:
            yield shard

    def close(self) -> None:
        """Delete the temporary file that holds the clients."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def line_of(identity: ClientIdentity) -> str:
    """Return a client in one line, the same for the same client."""
    pair = [identity.platform, identity.platform_client_id]
    return json.dumps([identity.client_id] if identity.client_id is not None else pair)


def identity_of(line: bytes) -> ClientIdentity:
    """Return the client of a line that `line_of` wrote."""
    fields: list[str] = json.loads(line)
    return named((fields[0], fields[1])) if len(fields) > 1 else named(fields[0])


def named(name: ClientName) -> ClientIdentity:
    """Return the client that a program names; raise IdentificationError if its name breaks the rule."""
    if isinstance(name, ClientIdentity):
        return name
    if isinstance(name, tuple):
        return identify(platform=name[0], platform_client_id=name[1])
    return identify(client_id=name)


def checked_names(names: Iterable[ClientName]) -> Iterable[ClientName]:
    """Return the clients that a program names; raise ConfigurationError for a text, which may be a file's name."""
    if isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
        kind = type(names).__name__
        raise ConfigurationError(
            f"clients must be a list of clients, not {kind}: read a file with read_ids(...), and put a single id in a "
            "list; nothing was fetched"
        )
    return names


def client_list(names: Iterable[ClientName]) -> ClientList:
    """Return the list of the clients that a program names."""
    entries = enumerate(map(_thunk, checked_names(names)), 1)
    return _filled(_checked("the list", "entry", entries), "the list")


def read_ids(source: str | Path | BinaryIO, *, column: str | None = None) -> ClientList:
    """Read a list of clients from a file, or from a binary stream such as `sys.stdin.buffer`.

    The name of the file, or else its first line, says what it is: CSV with a header, JSON Lines, or text with an id in
    each line. CSV and JSON Lines name a client by `column` (`client_id`), or by `platform` and `platform_client_id`. A
    client that is named more than once is kept once. Raises ConfigurationError, which names the lines that can't be
    used, but no id.
    """
    if isinstance(source, (str, Path)):
        with Path(source).open("rb") as file:
            return _read(file, Path(source).name, Path(source).suffix.lower(), column)
    return _read(source, "standard input", "", column)


@frozen
class _Fault:
    """The fault of a line."""

    text: str


_Entry: TypeAlias = tuple[int, "ClientIdentity | _Fault | None"]
"""A line's number, and the client that it names; None for a blank line."""


def _read(file: BinaryIO, name: str, suffix: str, column: str | None) -> ClientList:
    lines = _decoded(file, name)
    first = next(lines, "")
    lines = chain([first], lines) if first else lines
    if suffix in {".jsonl", ".ndjson"} or (suffix != ".csv" and first.lstrip().startswith("{")):
        entries = _from_jsonl(lines, column or CLIENT_ID)
    elif suffix == ".csv" or column is not None or {CLIENT_ID, PLATFORM_CLIENT_ID} & {*_header(first)}:
        entries = _from_csv(lines, first, name, column)
    else:
        entries = _from_text(lines)
    return _filled(_checked(name, "line", entries), name)


def _decoded(file: BinaryIO, name: str) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise ConfigurationError(f"{name}: line {number} isn't UTF-8; nothing was fetched") from None


def _from_text(lines: Iterable[str]) -> Iterator[_Entry]:
    for number, line in enumerate(lines, 1):
        yield number, _attempt({CLIENT_ID: line.strip()}) if line.strip() else None


def _from_jsonl(lines: Iterable[str], column: str) -> Iterator[_Entry]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            yield number, None
            continue
        try:
            document: Any = json.loads(line)
        except ValueError:
            yield number, _Fault("isn't JSON")
            continue
        if isinstance(document, str):
            document = {column: document}
        yield number, _of_fields(document, column) if isinstance(document, dict) else _Fault("isn't an object")


def _header(line: str) -> list[str]:
    delimiter = max(DELIMITERS, key=line.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]


def _from_csv(lines: Iterable[str], first: str, name: str, column: str | None) -> Iterator[_Entry]:
    header = _header(first)
    if not any(header):
        raise ConfigurationError(f"the first line of {name} is empty: it must name the columns; nothing was fetched")
    wanted = [column or CLIENT_ID] if column is not None or CLIENT_ID in header else [PLATFORM, PLATFORM_CLIENT_ID]
    if missing := [one for one in wanted if one not in header]:
        lacks = repr(column) if column else f"{CLIENT_ID!r}, or {PLATFORM!r} and {PLATFORM_CLIENT_ID!r}"
        raise ConfigurationError(
            f"{name} has no column {lacks} (missing: {', '.join(missing)}); its columns are "
            f"{', '.join(header)}: name one with --column"
        )
    reader = csv.reader(lines, delimiter=max(DELIMITERS, key=first.count), strict=True)
    next(reader, None)
    start = reader.line_num + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield start, _Fault(f"isn't CSV ({error})")
        else:
            if cells is None:
                return
            fields = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            yield start, _of_fields(fields, column or CLIENT_ID) if cells else None
        start = reader.line_num + 1


def _of_fields(fields: Mapping[str, Any], column: str) -> ClientIdentity | _Fault:
    """Return the client that an object or a row names, by its id if it has one, else by the pair."""
    pair = {name: fields[name] for name in (PLATFORM, PLATFORM_CLIENT_ID) if fields.get(name) not in (None, "")}
    client_id = fields.get(column)
    if client_id not in (None, "") or not pair:
        return _Fault("names no client") if client_id is None else _attempt({CLIENT_ID: client_id})
    return _attempt(pair)


def _attempt(who: Mapping[str, Any]) -> ClientIdentity | _Fault:
    for name, value in who.items():
        if isinstance(value, str) and value and not value.isprintable():
            return _Fault(f"{name} holds a character that can't be printed")
    try:
        return identify(**who)
    except IdentificationError as error:
        return _Fault(str(error).partition("; the rule")[0])


def _thunk(name: ClientName) -> ClientIdentity | _Fault:
    try:
        return named(name)
    except IdentificationError as error:
        return _Fault(str(error))


def _checked(name: str, unit: str, entries: Iterable[_Entry]) -> Iterator[ClientIdentity]:
    """Yield the clients; at the end, raise an error if lines are wrong. Blank lines at the end are no fault."""
    told: list[str] = []
    count = 0
    blanks: list[int] = []
    for number, entry in entries:
        if entry is None:
            blanks.append(number)
            continue
        faults = [f"{unit} {blank}: is blank" for blank in blanks]
        blanks = []
        if isinstance(entry, _Fault):
            faults.append(f"{unit} {number}: {entry.text}")
        else:
            yield entry
        count += len(faults)
        told += faults[: MOST_FAULTS_TOLD - len(told)]
    if told:
        more = f"; and {count - len(told)} more" if count > len(told) else ""
        raise ConfigurationError(
            f"{name} can't be used, and nothing was fetched: {'; '.join(told)}{more}; the whole list is refused until "
            "these are corrected or removed"
        )


def _filled(identities: Iterable[ClientIdentity], name: str) -> ClientList:
    found = ClientList(identities)
    if not found.count:
        found.close()
        raise ConfigurationError(f"{name} names no client; nothing was fetched")
    return found
