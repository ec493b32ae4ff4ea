# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.client_identification_request_platform import ClientIdentificationRequestPlatform
from ..types import UNSET, Unset

T = TypeVar("T", bound="ClientIdentificationRequest")


@_attrs_define(repr=False)
class ClientIdentificationRequest:
    """Client identification rules:
    - Either provide 'clientId' OR both 'platform' and 'platformClientId'

        Attributes:
            secret (str): Secret key for API authentication
            client_id (str | Unset): The client ID (required if platform + platformClientId not provided)
            platform (ClientIdentificationRequestPlatform | Unset): Platform type (required if platformClientId provided)
            platform_client_id (str | Unset): Platform-specific client ID (required if clientId not provided)
    """

    secret: str
    client_id: str | Unset = UNSET
    platform: ClientIdentificationRequestPlatform | Unset = UNSET
    platform_client_id: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        secret = self.secret

        client_id = self.client_id

        platform: str | Unset = UNSET
        if not isinstance(self.platform, Unset):
            platform = self.platform.value

        platform_client_id = self.platform_client_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "secret": secret,
            }
        )
        if client_id is not UNSET:
            field_dict["clientId"] = client_id
        if platform is not UNSET:
            field_dict["platform"] = platform
        if platform_client_id is not UNSET:
            field_dict["platformClientId"] = platform_client_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        secret = d.pop("secret")

        client_id = d.pop("clientId", UNSET)

        _platform = d.pop("platform", UNSET)
        platform: ClientIdentificationRequestPlatform | Unset
        if isinstance(_platform, Unset):
            platform = UNSET
        else:
            platform = ClientIdentificationRequestPlatform(_platform)

        platform_client_id = d.pop("platformClientId", UNSET)

        client_identification_request = cls(
            secret=secret,
            client_id=client_id,
            platform=platform,
            platform_client_id=platform_client_id,
        )

        client_identification_request.additional_properties = d
        return client_identification_request

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
