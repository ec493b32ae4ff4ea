"""What type checkers say of every public call and attribute; never run.

A comment is what all of them say, or mypy, basedpyright, ty and pyrefly, in this order: names without their modules,
and versions as str. python tests/test_typing.py writes the comments anew.
"""

from typing import reveal_type

from mantago import (
    SPEC_VERSION,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncMantaGo,
    AuthenticationError,
    BadRequestError,
    BotNotFoundError,
    CallFinished,
    CallRetried,
    ClientClosedError,
    ClientGifts,
    ClientNotFoundError,
    ConfigurationError,
    Credentials,
    CredentialsReplacedError,
    Drift,
    Gift,
    GiftResource,
    IdentificationError,
    InvalidResponseError,
    MantaGo,
    MantaGoError,
    NotFoundError,
    PermissionDeniedError,
    Platform,
    PlatformNotConnectedError,
    RateLimitError,
    ResponseInfo,
    ServerError,
    Ticket,
    TokenExpiredError,
    __version__,
    preload,
)
from mantago.testing import FakeMantaGo, OperationRequest, RecordedRequest, gift, ticket
from mantago_generated import AuthenticatedClient
from mantago_generated.api.client_points_gifts import post_openapi_client_gift as operation
from mantago_generated.models import ClientIdentificationRequest


def constants() -> None:
    reveal_type(__version__)  # = str
    reveal_type(preload())  # = None
    reveal_type(SPEC_VERSION)  # = str


def client(mantago: MantaGo) -> None:
    reveal_type(MantaGo())  # = MantaGo
    reveal_type(mantago.get_client_gifts(client_id="VolejRejN"))  # = ClientGifts
    reveal_type(mantago.get_client_gifts(platform="line", platform_client_id="U1"))  # = ClientGifts
    reveal_type(mantago.get_client_gifts(platform=Platform.LINE, platform_client_id="U1"))  # = ClientGifts
    reveal_type(mantago.credentials)  # = Credentials | None
    reveal_type(mantago.generated)  # = AuthenticatedClient
    reveal_type(mantago.with_options(timeout=5, max_retries=0, headers={"X-Tenant": "7"}))  # = MantaGo
    reveal_type(mantago.close())  # = None
    with mantago as entered:
        reveal_type(entered)  # = MantaGo


async def async_client(mantago: AsyncMantaGo) -> None:
    reveal_type(AsyncMantaGo())  # = AsyncMantaGo
    later = reveal_type(mantago.get_client_gifts(client_id="VolejRejN"))  # = Coroutine[Any, Any, ClientGifts] || = CoroutineType[Any, Any, ClientGifts] || = CoroutineType[Any, Any, ClientGifts] || = Coroutine[Unknown, Unknown, ClientGifts]
    reveal_type(await later)  # = ClientGifts
    reveal_type(await mantago.get_client_gifts(platform="line", platform_client_id="U1"))  # = ClientGifts
    reveal_type(mantago.credentials)  # = Credentials | None
    reveal_type(mantago.generated)  # = AuthenticatedClient
    reveal_type(mantago.with_options(timeout=5))  # = AsyncMantaGo
    reveal_type(await mantago.aclose())  # = None
    async with mantago as entered:
        reveal_type(entered)  # = AsyncMantaGo


def credentials(pair: Credentials) -> None:
    reveal_type(pair.bot_id)  # = str
    reveal_type(pair.token)  # = str
    reveal_type(pair.secret)  # = str
    reveal_type(pair.expires_at)  # = datetime | None


def results(gifts: ClientGifts, one: Ticket, each: Gift, resource: GiftResource, line: Drift) -> None:
    reveal_type(gifts.tickets)  # = tuple[Ticket, ...]
    reveal_type(gifts.physical_gifts)  # = tuple[Gift, ...]
    reveal_type(gifts.virtual_gifts)  # = tuple[Gift, ...]
    reveal_type(gifts.extra)  # = Mapping[str, Any]
    reveal_type(gifts.drift)  # = tuple[Drift, ...]
    reveal_type(gifts.response)  # = ResponseInfo | None
    reveal_type(gifts.to_dict())  # = dict[str, Any]
    reveal_type(ClientGifts.from_dict({}))  # = ClientGifts
    reveal_type(one.created_at)  # = datetime
    reveal_type(one.extra)  # = Mapping[str, Any]
    reveal_type(one.to_dict())  # = dict[str, Any]
    reveal_type(each.name)  # = str
    reveal_type(each.resource)  # = GiftResource
    reveal_type(each.created_at)  # = datetime
    reveal_type(each.is_expired)  # = bool | None
    reveal_type(each.start_time)  # = datetime | None
    reveal_type(each.end_time)  # = datetime | None
    reveal_type(each.extra)  # = Mapping[str, Any]
    reveal_type(each.to_dict())  # = dict[str, Any]
    reveal_type(resource.is_known)  # = bool
    # The value may be one that the spec doesn't list; basedpyright goes by the listed ones in spite of `_value_: str`.
    reveal_type(resource.value)  # = str || = Literal["lotteryGame", "rewardsCard", "unknown"] || = str || = str
    reveal_type(GiftResource("birthdayCampaign"))  # = GiftResource
    reveal_type(line.kind)  # = DriftKind
    reveal_type(line.path)  # = str
    reveal_type(line.detail)  # = str
    reveal_type(line.pattern)  # = str


async def generated(client: AuthenticatedClient, body: ClientIdentificationRequest) -> None:
    reveal_type(operation.sync(client=client, body=body))  # = ClientGifts
    reveal_type(operation.sync_detailed(client=client, body=body).parsed)  # = ClientGifts
    reveal_type(await operation.asyncio(client=client, body=body))  # = ClientGifts
    reveal_type((await operation.asyncio_detailed(client=client, body=body)).parsed)  # = ClientGifts


def responses(response: ResponseInfo) -> None:
    reveal_type(response.status_code)  # = int
    reveal_type(response.headers)  # = Mapping[str, str]
    reveal_type(response.attempts)  # = int
    reveal_type(response.elapsed)  # = float
    reveal_type(response.request_id)  # = str | None


def events(again: CallRetried, end: CallFinished) -> None:
    reveal_type(again.operation)  # = str
    reveal_type(again.attempt)  # = int
    reveal_type(again.wait)  # = float
    reveal_type(again.error)  # = MantaGoError
    reveal_type(end.operation)  # = str
    reveal_type(end.attempts)  # = int
    reveal_type(end.elapsed)  # = float
    reveal_type(end.status_code)  # = int | None
    reveal_type(end.request_bytes)  # = int | None
    reveal_type(end.response_bytes)  # = int | None
    reveal_type(end.error)  # = BaseException | None


def platforms(platform: Platform) -> None:
    reveal_type(platform.value)  # = PlatformName
    reveal_type(Platform("line"))  # = Platform


def mistakes(anything: MantaGoError, misconfigured: ConfigurationError, unidentified: IdentificationError) -> None:
    reveal_type(anything.args)  # = tuple[Any, ...]
    reveal_type(misconfigured.args)  # = tuple[Any, ...]
    reveal_type(unidentified.args)  # = tuple[Any, ...]


def no_answer(connection: APIConnectionError, late: APITimeoutError) -> None:
    reveal_type(connection.attempts)  # = int
    reveal_type(connection.elapsed)  # = float
    reveal_type(late.attempts)  # = int
    reveal_type(late.elapsed)  # = float


def answers(invalid: InvalidResponseError, status: APIStatusError) -> None:
    reveal_type(invalid.path)  # = str
    reveal_type(invalid.status_code)  # = int | None
    reveal_type(invalid.headers)  # = Mapping[str, str]
    reveal_type(invalid.body)  # = bytes
    reveal_type(invalid.attempts)  # = int
    reveal_type(invalid.elapsed)  # = float
    reveal_type(invalid.request_id)  # = str | None
    reveal_type(status.status_code)  # = int
    reveal_type(APIStatusError.for_status(404))  # = type[APIStatusError]
    reveal_type(status.code)  # = int | None
    reveal_type(status.message)  # = str
    reveal_type(status.bot_id)  # = str | None
    reveal_type(status.retry_after)  # = float | None
    reveal_type(status.attempts)  # = int
    reveal_type(status.elapsed)  # = float
    reveal_type(status.request_id)  # = str | None
    reveal_type(status.headers)  # = Mapping[str, str]
    reveal_type(status.body)  # = bytes


def refusals(error: Exception) -> None:
    if isinstance(
        error,
        BadRequestError | AuthenticationError | PermissionDeniedError | NotFoundError | RateLimitError | ServerError,
    ):
        reveal_type(error.retry_after)  # = float | None
    if isinstance(error, ClientNotFoundError | BotNotFoundError | PlatformNotConnectedError):
        reveal_type(error.code)  # = int | None
    if isinstance(error, TokenExpiredError | CredentialsReplacedError):
        reveal_type(error.code)  # = int | None
    if isinstance(error, ClientClosedError):
        reveal_type(error.args)  # = tuple[Any, ...]


def the_fake(fake: FakeMantaGo, asked: RecordedRequest, told: OperationRequest) -> None:
    reveal_type(gift())  # = Gift
    reveal_type(ticket())  # = Ticket
    reveal_type(FakeMantaGo())  # = FakeMantaGo
    reveal_type(fake.add_client("VolejRejN"))  # = None
    reveal_type(fake.fail("timeout"))  # = None
    reveal_type(fake.answer("get_client_gifts", {}))  # = None
    reveal_type(told.operation)  # = str
    reveal_type(told.path_parameters)  # = Mapping[str, str]
    reveal_type(told.query)  # = Mapping[str, Any]
    reveal_type(told.body)  # = Mapping[str, Any]
    reveal_type(fake.credentials)  # = Credentials
    reveal_type(fake.renew_credentials())  # = Credentials
    reveal_type(fake.requests)  # = tuple[RecordedRequest, ...]
    reveal_type(fake.queued)  # = tuple[FailureName, ...]
    reveal_type(fake.waits)  # = tuple[float, ...]
    reveal_type(asked.method)  # = str
    reveal_type(asked.path)  # = str
    reveal_type(asked.client_id)  # = str | None
    reveal_type(asked.platform)  # = str | None
    reveal_type(asked.platform_client_id)  # = str | None
    reveal_type(asked.query)  # = Mapping[str, str]
    reveal_type(asked.body)  # = Mapping[str, Any]
    reveal_type(asked.headers)  # = Mapping[str, str]
    reveal_type(asked.failure)  # = FailureName | None
    reveal_type(asked.status)  # = int | None
