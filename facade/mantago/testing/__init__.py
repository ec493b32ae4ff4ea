"""Test code that uses `mantago`: a service in memory, and builders of what it holds.

`FakeMantaGo` is the `transport` of either client, so that nothing is patched and no socket is opened:

    fake = FakeMantaGo()
    fake.add_client("VolejRejN", virtual_gifts=[gift(name="Coffee")])
    with MantaGo(transport=fake, credentials=fake.credentials) as mantago:
        ...

With pytest, the fixture `fake_mantago` is a new one for each test.
"""

from mantago.testing.builders import gift, ticket
from mantago.testing.failures import FailureName
from mantago.testing.fake import FakeMantaGo
from mantago.testing.records import RecordedRequest
from mantago.testing.set_answers import OperationRequest

__all__ = ["FailureName", "FakeMantaGo", "OperationRequest", "RecordedRequest", "gift", "ticket"]

for _public in (FakeMantaGo, OperationRequest, RecordedRequest, gift, ticket):
    # Tracebacks and pickles name the public module.
    _public.__module__ = __name__
