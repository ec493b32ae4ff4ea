"""Lists of clients: what may stand in a file, and what is refused before anything is fetched."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys

import pytest

from mantago.bulk import read_ids
from mantago.bulk.digests import DigestSet, digest
from mantago.bulk.ids import client_list
from mantago.bulk.rows import key_of
from mantago.identification import identify
from mantago_runtime.errors import ConfigurationError

LINE = ("line", "U4af4980629e14c3b8d2f7a61c05be937")


def clients_of(source, **options):
    with read_ids(source, **options) as clients:
        return [key_of(client) for client in clients]


def by_id(*ids):
    return [(one, None, None) for one in ids]


def by_pair(*pairs):
    return [(None, *pair) for pair in pairs]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("ids.txt", "a\nb\n", by_id("a", "b")),
        ("ids.txt", "a\r\n  b \r\n\r\n\n", by_id("a", "b")),
        ("ids.txt", "\ufeffa\nb", by_id("a", "b")),
        ("ids", "client_id,name\na,Ann\nb,Ben\n", by_id("a", "b")),
        ("ids.csv", "name;client_id\nAnn;a\nBen; b\n\n", by_id("a", "b")),
        ("ids.csv", 'name\tclient_id\n"Ann\nLee"\ta\nBen\tb\n', by_id("a", "b")),
        ("ids.csv", f"platform,platform_client_id\n{','.join(LINE)}\n", by_pair(LINE)),
        ("ids.csv", f"client_id,platform,platform_client_id\na,,\n,{','.join(LINE)}\n", [*by_id("a"), *by_pair(LINE)]),
        ("ids.jsonl", '{"client_id": "a", "age": 3}\n"b"\n', by_id("a", "b")),
        ("ids.data", '{"platform": "line", "platform_client_id": "U1"}\n\n', by_pair(("line", "U1"))),
        ("ids.ndjson", '{"client_id": null, "platform": "line", "platform_client_id": "U1"}', by_pair(("line", "U1"))),
        ("ids.txt", "會員一\n", by_id("會員一")),
    ],
)
def test_what_a_file_names_is_read(name, content, found, tmp_path):
    path = tmp_path / name
    path.write_bytes(content.encode())
    assert clients_of(path) == found


def test_a_column_may_be_named():
    assert clients_of(io.BytesIO(b"member,x\na,1\n"), column="member") == by_id("a")
    assert clients_of(io.BytesIO(b'{"member": "a"}\n'), column="member") == by_id("a")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a\n\nb\n", "line 2: is blank"),
        ("client_id\na\n\nb\n", "line 3: is blank"),
        ("client_id,x\na,1\n,2\n", "line 3: client_id was given, but is empty"),
        ('client_id\n"a\nb"\n"c\n', "line 2: client_id holds a character that can't be printed; line 4: isn't CSV"),
        ("platform,platform_client_id\nline,\n", "line 2: platform was given, but platform_client_id is missing"),
        ("platform,platform_client_id\n,\n", "line 2: names no client"),
        ("platform,platform_client_id\nicq,1\n", "line 2: platform 'icq' isn't one of the API's"),
        ('{"client_id": "a"}\n{"client_id": 7}\n', "line 2: client_id must be a string, not int"),
        ('{"client_id": "a"}\n{"client_id":\n[]\n', "line 2: isn't JSON; line 3: isn't an object"),
        ('{"client_id": "a"}\n{}\n', "line 2: names no client"),
        ("a\x00b\n", "line 1: client_id holds a character that can't be printed"),
        ("a\n" + "\n" * 14 + "b\n", "line 11: is blank; and 4 more"),
    ],
)
def test_a_line_that_cant_be_used_is_named_by_its_number(content, told):
    with pytest.raises(ConfigurationError, match="standard input can't be used, and nothing was fetched: ") as raised:
        read_ids(io.BytesIO(content.encode()))
    assert told in str(raised.value)


def test_a_fault_shows_no_id():
    with pytest.raises(ConfigurationError) as raised:
        read_ids(io.BytesIO(b"platform,platform_client_id\nline,U-secret\nicq,U-secret\n"))
    assert "U-secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "column", "told"),
    [
        (b"", None, "standard input names no client; nothing was fetched"),
        (b"client_id\n", None, "names no client"),
        (b"a\n\xff\n", None, "line 2 isn't UTF-8"),
        (b"x,y\na,b\n", "z", "has no column 'z' (missing: z); its columns are x, y: name one with --column"),
        (b"platform_client_id,y\na,b\n", None, "'platform' and 'platform_client_id' (missing: platform)"),
    ],
)
def test_a_file_that_names_nobody_is_refused(content, column, told):
    with pytest.raises(ConfigurationError) as raised:
        read_ids(io.BytesIO(content), column=column)
    assert told in str(raised.value)


def test_a_csv_file_without_a_line_says_what_it_lacks(tmp_path):
    (tmp_path / "ids.csv").touch()
    with pytest.raises(ConfigurationError, match=r"ids\.csv is empty"):
        read_ids(tmp_path / "ids.csv")


def test_a_client_that_is_there_twice_is_kept_once():
    with read_ids(io.BytesIO(b"a\nb\na\na\n")) as clients:
        assert (len(clients), clients.duplicates, [client.client_id for client in clients]) == (2, 2, ["a", "b"])


def test_the_digest_tells_lists_apart_whatever_they_came_from():
    lists = [b"a\nb\n", b"client_id\na\nb\na\n", b"b\na\n", b"a\n"]
    digests = []
    for content in lists:
        with read_ids(io.BytesIO(content)) as clients:
            digests.append(clients.digest)
    assert digests[0] == digests[1]
    assert len({*digests}) == 3


def test_a_program_names_clients_by_id_by_pair_or_by_identity():
    with client_list(["a", LINE, identify(client_id="b")]) as clients:
        assert [key_of(client) for client in clients] == [*by_id("a"), *by_pair(LINE), *by_id("b")]
        assert [len(shard) for shard in clients.shards(2)] == [2, 1]
        assert [len(shard) for shard in clients.shards(3)] == [3]
    with pytest.raises(
        ConfigurationError, match="the list can't be used, and nothing was fetched: entry 2: client_id "
    ):
        client_list(["a", ""])


def test_a_set_of_digests_is_what_a_set_would_be():
    chance, table, expected = random.Random(1), DigestSet(), set()
    for _ in range(5000):
        found = digest(str(chance.randrange(4000)))
        assert table.add(found) == (found not in expected)
        expected.add(found)
    assert len(table) == len(expected)


MEMORY = """
import io, json, resource, sys
from mantago.bulk import read_ids
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
before = peak()
class Lines(io.RawIOBase):
    def __iter__(self):
        return (b"U%032x\\n" % number for number in range(100_000))
    def __next__(self):
        raise StopIteration
with read_ids(Lines()) as clients:
    shards = sum(1 for _ in clients.shards(500))
print(json.dumps([shards, peak() - before]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows doesn't tell a process's peak so")
def test_a_hundred_thousand_ids_take_few_mebibytes():
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, timeout=100, check=True)
    shards, more = json.loads(done.stdout)
    assert shards == 200
    # As strings in a set they take 13 MiB, and a million 130.
    assert more < 12 * 1024 * 1024
