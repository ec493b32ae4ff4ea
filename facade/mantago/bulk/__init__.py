"""Turn a list of ids into a folder of parts, with an outcome for each client, at the pace that the service allows.

from mantago import MantaGo
from mantago.bulk import export, read_ids

with MantaGo() as mantago, read_ids("customers.csv") as clients:
    summary = export(clients, "gifts-tonight", client=mantago)

`export_async` and `fetch_shard_async` do the same for callers in an event loop.
"""

from mantago.bulk.ids import ClientList, read_ids
from mantago.bulk.operations import GIFTS, BulkOperation
from mantago.bulk.progress import Progress, StoppedError, Summary
from mantago.bulk.run import export, export_async, fetch_shard, fetch_shard_async

__all__ = [
    "GIFTS",
    "BulkOperation",
    "ClientList",
    "Progress",
    "StoppedError",
    "Summary",
    "export",
    "export_async",
    "fetch_shard",
    "fetch_shard_async",
    "read_ids",
]

for _public in (
    BulkOperation,
    ClientList,
    Progress,
    StoppedError,
    Summary,
    export,
    export_async,
    fetch_shard,
    fetch_shard_async,
    read_ids,
):
    # Tracebacks and pickles name the public module.
    _public.__module__ = __name__
