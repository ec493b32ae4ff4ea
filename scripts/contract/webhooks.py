"""Webhooks: requests that the service sends to its clients, and their answers."""

from __future__ import annotations

from . import lifecycle, messages
from .collector import Collector, Where
from .documents import Cursor, Document
from .rules import BOTH, BREAKING, INFO, RESPONSE, WARNING, Rule, register

register(
    [
        Rule("webhook-added", INFO, BOTH, "the webhook was added", "only clients that ask for it are called"),
        Rule("webhook-removed", BREAKING, BOTH, "the webhook was removed", "clients wait for it in vain"),
        Rule(
            "webhook-removed-with-deprecation",
            *(WARNING, BOTH, "the webhook, long deprecated, was removed"),
            "clients were told to leave it, yet those that didn't wait for it in vain",
        ),
        Rule("webhook-body-added", INFO, RESPONSE, "the request has a body now", "clients pass over it"),
        Rule("webhook-body-removed", BREAKING, RESPONSE, "the request no longer has a body", "clients can't read it"),
        Rule(
            "webhook-body-became-optional",
            *(BREAKING, RESPONSE, "the request may have no body"),
            "clients can't read it",
        ),
        Rule(
            "webhook-body-became-required", INFO, RESPONSE, "the request always has a body", "clients read it already"
        ),
    ]
)
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JUDGED = frozenset({"requestBody", "deprecated"})


def compare(collector: Collector) -> None:
    """Judge the webhooks of two documents; to a client, their requests are like answers."""
    before, after = (_webhooks(document) for document in (collector.old, collector.new))
    for name, method in sorted(before.keys() | after.keys()):
        where = Where(*[f"{method.upper()} webhook {name}"] * 2)
        old, new = before.get((name, method)), after.get((name, method))
        if old and new:
            _webhook(collector, where, old, new)
        elif old:
            deprecated = "-with-deprecation" if old.raw("deprecated").value is True else ""
            collector.add(f"webhook-removed{deprecated}", where, old, None)
        else:
            collector.add("webhook-added", where, None, new)


def _webhooks(document: Document) -> dict[tuple[str, str], Cursor]:
    return {
        (name, method): operation
        for name, place in document.root.get("webhooks").children()
        for method in _METHODS
        if (operation := place.resolved().raw(method))
    }


def _webhook(collector: Collector, where: Where, old: Cursor, new: Cursor) -> None:
    collector.texts(where, old, new)
    lifecycle.deprecation("api", collector, where, old, new)
    # A person must look at changes of the client's answers, and of parameters beside the body.
    collector.rest(where, old, new, _JUDGED)
    raw_old, raw_new = old.raw("requestBody"), new.raw("requestBody")
    where = where.below("body")
    if collector.dangling(where, raw_old, raw_new):
        return
    before, after = raw_old.described(), raw_new.described()
    if not (before and after):
        if before or after:
            collector.add(f"webhook-body-{'removed' if before else 'added'}", where, before, after)
        return
    collector.texts(where, before, after)
    collector.rest(where, before, after, {"$ref", "required", "content"})
    was, now = (side.raw("required").value is True for side in (before, after))
    if was != now:
        collector.add(f"webhook-body-became-{'required' if now else 'optional'}", where, before, after)
    messages.contents(collector, where, before, after, RESPONSE)
