"""Reading sources: files, folders of files and addresses, each with a name for its copy."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
from attrs import evolve, frozen

from .fragments import Fragment
from .pages import Mend, NoSpecError, Specs, read_specs
from .validation import is_plain
from .vendored import ScriptError, sha256

SECONDS = 20
LARGEST_SOURCE = 20 * 1024 * 1024
REDIRECTS = 5
LONGEST_NAME = 200
DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)


@frozen
class Source:
    """A page or document: `shown` tells a person where it is, `name` is that of its copy in openapi/sources/.

    `resets` counts how often the vendor had begun to number versions anew when it was published.
    """

    shown: str
    parts: tuple[str, ...]
    data: bytes
    specs: Specs
    name: str = ""
    resets: int = 0

    @property
    def sha256(self) -> str:
        """The hash of its content."""
        return sha256(self.data)

    @property
    def base(self) -> str:
        """The name without the hash that `apart` may have put into it."""
        return re.sub(rf"-{self.sha256[:8]}(?=\.|$)", "", self.name)

    def fragments(self) -> list[Fragment]:
        """Return its specs as fragments."""
        lines = [f", line {line}" if len(self.specs) > 1 else "" for line, _ in self.specs]
        return [
            Fragment(self.name, self.shown + where, spec, self.resets)
            for where, (_, spec) in zip(lines, self.specs, strict=True)
        ]


def apart(name: str, digest: str) -> str:
    """Return another name for a source whose own is taken: its hash goes into it."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-{digest[:8]}.{suffix}" if dot else f"{name}-{digest[:8]}"


def collect(arguments: Sequence[str], mend: Mend) -> tuple[list[Source], list[str]]:
    """Return the sources that are meant, each once, sorted by name, and lines on the files of folders passed over.

    `mend` applies the errata to a document that isn't valid without them.
    """
    found: dict[str, Source] = {}
    passed: list[str] = []
    for argument in arguments:
        whole = len(found), len(passed)
        for source in _open(argument, passed, mend):
            found.setdefault(source.shown, source)
        if whole == (len(found), len(passed)) and _is_folder(argument):
            raise ScriptError(f"{argument}: is a folder without any file")
    if not found:
        raise ScriptError("there is no spec in any file:" + "".join(f"\n  {line}" for line in passed))
    unique: dict[str, Source] = {}
    for source in sorted(found.values(), key=lambda source: (source.parts[-1], source.parts)):
        unique.setdefault(source.sha256, source)
    return sorted(_named([*unique.values()]), key=lambda source: source.name), passed


def _open(argument: str, passed: list[str], mend: Mend) -> Iterator[Source]:
    if re.match(r"https?://", argument, re.IGNORECASE):
        shown, parts = _address(argument)
        yield _source(shown, parts, download(argument, shown), mend)
    elif re.match(r"[a-z][a-z0-9+.-]+://", argument, re.IGNORECASE):
        raise ScriptError(f"{_address(argument)[0]}: only http and https addresses can be read")
    elif _is_folder(argument):
        for path in _files(Path(argument)):
            try:
                yield _source(str(path), path.resolve().parts, _read(path), mend)
            except NoSpecError:
                passed.append(f"{path}: holds no spec")
    else:
        path = Path(argument)
        yield _source(argument, path.resolve().parts, _read(path), mend)


def _is_folder(argument: str) -> bool:
    try:
        return Path(argument).is_dir()
    except OSError:
        return False  # for example, a name too long for a file; reading it tells the error


def _source(shown: str, parts: tuple[str, ...], data: bytes, mend: Mend) -> Source:
    try:
        return Source(shown, parts, data, read_specs(data, mend))
    except ScriptError as error:
        raise type(error)(f"{shown}: {error}") from None


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that aren't hidden, sorted; links to folders aren't followed."""

    def refuse(error: OSError) -> None:
        raise ScriptError(f"{error.filename}: {error.strerror}") from None

    for here, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (path for name in sorted(names) if (path := Path(here, name)).is_file() and name[0] != ".")


def _read(path: Path) -> bytes:
    if not is_plain(path.name):
        raise ScriptError(f"{str(path)!r}: the page is kept under its name, so it needs a printable one")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_SOURCE + 1)
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror}") from None
    if len(data) > LARGEST_SOURCE:
        raise ScriptError(f"{path}: is larger than {LARGEST_SOURCE:,} bytes")
    return data


# --- addresses ------------------------------------------------------------------------------------------------------


def _address(argument: str) -> tuple[str, tuple[str, ...]]:
    """Return the address as it may be shown, and the parts that can make a name; ScriptError if it can't be used."""
    try:
        address = urlsplit(argument)
        host, secret = address.hostname or "", address.password or address.username
    except ValueError as error:
        raise ScriptError(f"{argument.partition('?')[0]!r} is no address: {error}") from None
    shown = f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"
    if secret is not None:
        raise ScriptError(f"{shown}: the address holds a password: download the page, and give the file")
    path = [part for part in unquote(address.path).split("/") if part]
    return shown, tuple(clean_name(part) for part in (host, *path))


def clean_name(name: str) -> str:
    """Return a name as a file can have it on every system."""
    name = "".join("-" if char in '<>:"/\\|?*' or not char.isprintable() else char for char in name).rstrip(". ")
    # In bytes, as most systems count; the end has the suffix.
    name = name.encode()[-LONGEST_NAME:].decode(errors="ignore")
    return f"_{name.lstrip('.')}" if not name or name[0] == "." or DEVICES.match(name) else name


def download(address: str, shown: str) -> bytes:
    """Return the bytes at an address; ScriptError if they don't come whole, within the time and size allowed."""
    try:
        return asyncio.run(asyncio.wait_for(_download(address), SECONDS))
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        late = isinstance(error, TimeoutError)
        said = f"not complete within {SECONDS} s" if late else f"{type(error).__name__}: {error}"
        raise ScriptError(f"{shown}: {said}") from None
    except ScriptError as error:
        raise ScriptError(f"{shown}: {error}") from None


async def _download(address: str) -> bytes:
    data = bytearray()
    async with (
        httpx.AsyncClient(follow_redirects=True, max_redirects=REDIRECTS, timeout=None) as client,  # noqa: S113 - the caller's
        client.stream("GET", address) as response,
    ):
        if response.url.scheme == "http" and any(hop.url.scheme == "https" for hop in response.history):
            raise ScriptError("redirects from https to http")
        if response.status_code != 200:
            raise ScriptError(f"the answer is {response.status_code} {response.reason_phrase}".rstrip())
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > LARGEST_SOURCE:
                raise ScriptError(f"is larger than {LARGEST_SOURCE:,} bytes")
    return bytes(data)


# --- names ----------------------------------------------------------------------------------------------------------


def _named(sources: Sequence[Source]) -> list[Source]:
    """Return the sources with the names of their files, and as many of the folders above as tell two apart."""
    named = [evolve(source, name=clean_name(source.parts[-1])) for source in sources]
    for depth in range(2, max(len(source.parts) for source in sources) + 1):
        twice = Counter(source.name.casefold() for source in named)
        named = [
            evolve(source, name=clean_name("-".join(map(clean_name, source.parts[-depth:]))))
            if twice[source.name.casefold()] > 1
            else source
            for source in named
        ]
    twice = Counter(source.name.casefold() for source in named)
    return [
        evolve(source, name=apart(source.name, source.sha256)) if twice[source.name.casefold()] > 1 else source
        for source in named
    ]
