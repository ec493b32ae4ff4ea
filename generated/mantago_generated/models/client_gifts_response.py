# Written by scripts/regenerate.py from openapi/; a change made here by hand is lost.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.gift_item import GiftItem
    from ..models.ticket_gift import TicketGift


T = TypeVar("T", bound="ClientGiftsResponse")


@_attrs_define(repr=False)
class ClientGiftsResponse:
    """
    Attributes:
        success (bool):
        message (str):
        tickets (list[TicketGift] | None | Unset): Ticket gifts (default type unused coupons)
        physical_gifts (list[GiftItem] | None | Unset): Physical type gifts
        virtual_gifts (list[GiftItem] | None | Unset): Virtual gifts (non-default virtual gifts)
    """

    success: bool
    message: str
    tickets: list[TicketGift] | None | Unset = UNSET
    physical_gifts: list[GiftItem] | None | Unset = UNSET
    virtual_gifts: list[GiftItem] | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        success = self.success

        message = self.message

        tickets: list[dict[str, Any]] | None | Unset
        if isinstance(self.tickets, Unset):
            tickets = UNSET
        elif isinstance(self.tickets, list):
            tickets = []
            for tickets_type_0_item_data in self.tickets:
                tickets_type_0_item = tickets_type_0_item_data.to_dict()
                tickets.append(tickets_type_0_item)

        else:
            tickets = self.tickets

        physical_gifts: list[dict[str, Any]] | None | Unset
        if isinstance(self.physical_gifts, Unset):
            physical_gifts = UNSET
        elif isinstance(self.physical_gifts, list):
            physical_gifts = []
            for physical_gifts_type_0_item_data in self.physical_gifts:
                physical_gifts_type_0_item = physical_gifts_type_0_item_data.to_dict()
                physical_gifts.append(physical_gifts_type_0_item)

        else:
            physical_gifts = self.physical_gifts

        virtual_gifts: list[dict[str, Any]] | None | Unset
        if isinstance(self.virtual_gifts, Unset):
            virtual_gifts = UNSET
        elif isinstance(self.virtual_gifts, list):
            virtual_gifts = []
            for virtual_gifts_type_0_item_data in self.virtual_gifts:
                virtual_gifts_type_0_item = virtual_gifts_type_0_item_data.to_dict()
                virtual_gifts.append(virtual_gifts_type_0_item)

        else:
            virtual_gifts = self.virtual_gifts

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "success": success,
                "message": message,
            }
        )
        if tickets is not UNSET:
            field_dict["tickets"] = tickets
        if physical_gifts is not UNSET:
            field_dict["physicalGifts"] = physical_gifts
        if virtual_gifts is not UNSET:
            field_dict["virtualGifts"] = virtual_gifts

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.gift_item import GiftItem  # noqa: PLC0415
        from ..models.ticket_gift import TicketGift  # noqa: PLC0415

        d = dict(src_dict)
        success = d.pop("success")

        message = d.pop("message")

        def _parse_tickets(data: object) -> list[TicketGift] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                tickets_type_0 = []
                _tickets_type_0 = data
                for tickets_type_0_item_data in _tickets_type_0:
                    tickets_type_0_item = TicketGift.from_dict(tickets_type_0_item_data)

                    tickets_type_0.append(tickets_type_0_item)

                return tickets_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[TicketGift] | None | Unset, data)

        tickets = _parse_tickets(d.pop("tickets", UNSET))

        def _parse_physical_gifts(data: object) -> list[GiftItem] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                physical_gifts_type_0 = []
                _physical_gifts_type_0 = data
                for physical_gifts_type_0_item_data in _physical_gifts_type_0:
                    physical_gifts_type_0_item = GiftItem.from_dict(physical_gifts_type_0_item_data)

                    physical_gifts_type_0.append(physical_gifts_type_0_item)

                return physical_gifts_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[GiftItem] | None | Unset, data)

        physical_gifts = _parse_physical_gifts(d.pop("physicalGifts", UNSET))

        def _parse_virtual_gifts(data: object) -> list[GiftItem] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                virtual_gifts_type_0 = []
                _virtual_gifts_type_0 = data
                for virtual_gifts_type_0_item_data in _virtual_gifts_type_0:
                    virtual_gifts_type_0_item = GiftItem.from_dict(virtual_gifts_type_0_item_data)

                    virtual_gifts_type_0.append(virtual_gifts_type_0_item)

                return virtual_gifts_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[GiftItem] | None | Unset, data)

        virtual_gifts = _parse_virtual_gifts(d.pop("virtualGifts", UNSET))

        client_gifts_response = cls(
            success=success,
            message=message,
            tickets=tickets,
            physical_gifts=physical_gifts,
            virtual_gifts=virtual_gifts,
        )

        client_gifts_response.additional_properties = d
        return client_gifts_response

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
