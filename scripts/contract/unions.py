"""Comparing oneOf and anyOf: matching old alternatives with new ones, and finding replacements for removed ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from attrs import evolve, frozen

from .heirs import called
from .rules import INFO, REQUEST, RESPONSE, WARNING, Level
from .schemas import Finding, Flow, kinds_text
from .views import Union, View, Views

# A segment of a path, and the pair of schemas that stands there.
ViewPair = tuple[str, View, View]


class Judge(Protocol):
    """An object that compares two schemas with all that is below them."""

    def within(self, old: View, new: View, flow: Flow, allowed: Level) -> bool:
        """Return whether their differences are no worse than a level."""
        ...


@frozen
class Trial:
    """The tools for trying one alternative against another."""

    judge: Judge
    views_old: Views
    views_new: Views
    flow: Flow

    def fits(self, old: View, new: View) -> bool:
        """Return whether the new schema can replace the old one in this flow."""
        return self.judge.within(old, new, self.flow, WARNING)

    def covers(self, old: View, new: View) -> bool:
        """Return whether the new schema replaces the old one without a change that is worth a warning."""
        return self.judge.within(old, new, self.flow, INFO)

    def equal(self, old: View, new: View) -> bool:
        """Return whether both allow the same, so far as can be told."""
        flows = (evolve(self.flow, direction=direction) for direction in (REQUEST, RESPONSE))
        return all(self.judge.within(old, new, flow, INFO) for flow in flows)


def compare(old: View, new: View, trial: Trial) -> tuple[list[Finding], list[ViewPair], bool]:
    """Return the changes of alternatives, the pairs to compare, and whether the rest can be compared as well."""
    findings, pairs = _heirs(old, new, trial)
    both = min(len(old.unions), len(new.unions))
    for before, after in zip(old.unions[:both], new.unions[:both], strict=True):
        matched, gone, come = _match(before, after, trial)
        pairs += matched
        findings += _changed(before, after, gone, come, trial)
    if len(old.unions) == len(new.unions):
        return findings, pairs, True
    if choice := _grown_or_shrunk(old, new):
        matched, gone, come = _match(*choice, trial)
        beside = trial.views_old.without_alternatives(old), trial.views_new.without_alternatives(new)
        return [*findings, *_changed(*choice, gone, come, trial)], [*pairs, *matched, ("", *beside)], False
    if len(new.unions) > both:
        found, comparable = _introduced(old, new, new.unions[both], trial)
    else:
        found, comparable = _dissolved(old, new, old.unions[both], trial)
    return [*findings, *found], pairs, comparable


def _heirs(old: View, new: View, trial: Trial) -> tuple[list[Finding], list[ViewPair]]:
    """Return the changes of the schemas that discriminators tell apart, and the pairs to compare."""
    if not (old.tells and new.tells):
        return [], []
    findings: list[Finding] = []
    pairs: dict[tuple[View, View], str] = {}
    names_old, names_new = ({called(heir): heir for heir in view.heirs.values()} for view in (old, new))
    for value, heir in sorted(old.heirs.items()):
        # A schema's own name is a value as well, whatever the mapping says.
        partner = new.heirs.get(value) or names_new.get(called(heir))
        if partner:
            before, after = trial.views_old.of([heir]), trial.views_new.of([partner])
            pairs.setdefault((before, after), f"({before.name or value})")
        else:
            findings.append(Finding("subtype-removed", heir.at, new.at("discriminator"), values={"old": value}))
    for value, heir in sorted(new.heirs.items()):
        if value not in old.heirs and called(heir) not in names_old:
            findings.append(Finding("subtype-added", old.at("discriminator"), heir.at, values={"new": value}))
    return findings, [(segment, before, after) for (before, after), segment in pairs.items()]


def _label(view: View, place: int) -> str:
    return view.label or f"#{place + 1}"


def _labelled(union: Union, views: Views) -> list[tuple[str, View]]:
    found = [views.of([member]) for member in union.members]
    return [(_label(view, place), view) for place, view in enumerate(found)]


Labelled = list[tuple[str, View]]


def _match(before: Union, after: Union, trial: Trial) -> tuple[list[ViewPair], Labelled, Labelled]:
    """Return the alternatives that belong together, those that were removed, and those that were added."""
    gone, come = _labelled(before, trial.views_old), _labelled(after, trial.views_new)
    pairs: list[ViewPair] = []

    def same_name(old: View, new: View) -> bool:
        return old.name is not None and old.name == new.name

    def same_title(old: View, new: View) -> bool:
        return old.label is not None and old.label == new.label

    def alike(old: View, new: View) -> bool:
        shared = old.properties.keys() & new.properties.keys()
        named = old.name and new.name
        return not named and old.types == new.types and (bool(shared) or not (old.properties or new.properties))

    for belong in (same_name, same_title, trial.equal, alike):
        for label, old in list(gone):
            partner = next(((name, new) for name, new in come if belong(old, new)), None)
            if partner:
                pairs.append((f"({label})", old, partner[1]))
                gone.remove((label, old))
                come.remove(partner)
    return pairs, gone, come


def _changed(before: Union, after: Union, gone: Labelled, come: Labelled, trial: Trial) -> Iterator[Finding]:
    pointers = before.part.get(before.kind).at, after.part.get(after.kind).at
    # If a discriminator tells the alternative, no other one can replace it.
    told = "discriminator" in before.part or "discriminator" in after.part
    if before.kind != after.kind:
        # If no value fits two alternatives, oneOf and anyOf mean the same.
        name = "alternatives-kind-changed"
        if not told and _overlap([view for _, view in _labelled(before, trial.views_old)]):
            name = "any-of-became-one-of" if after.kind == "oneOf" else "one-of-became-any-of"
        yield Finding(name, *pointers, values={"old": before.kind, "new": after.kind})
    everything_old = [view for _, view in _labelled(before, trial.views_old)]
    everything_new = [view for _, view in _labelled(after, trial.views_new)]
    for label, view in gone:
        # Another alternative may allow the values of the removed one, now or from the beginning.
        covered = trial.flow.is_request and not told and any(trial.covers(view, other) for other in everything_new)
        name = "alternatives-covered" if covered else f"{before.kind[:3].lower()}-of-removed"
        yield Finding(name, view.place.at, pointers[1], values={"old": label})
    for label, view in come:
        covered = not (trial.flow.is_request or told) and any(trial.covers(other, view) for other in everything_old)
        name, key = ("alternatives-covered", "old") if covered else (f"{after.kind[:3].lower()}-of-added", "new")
        yield Finding(name, pointers[0], view.place.at, values={key: label})


def _overlap(views: list[View]) -> bool:
    """Return whether a value may fit two of these schemas, so far as can be told."""
    return any(not _apart(one, two) for place, one in enumerate(views) for two in views[place + 1 :])


def _apart(one: View, two: View) -> bool:
    if one.types is not None and two.types is not None:
        kinds = [view.types | ({"number"} if "integer" in view.types else set()) for view in (one, two) if view.types]
        if not kinds[0] & kinds[1]:
            return True
    if one.enum is not None and two.enum is not None and not one.enum.keys() & two.enum.keys():
        return True
    if any(view.closed and other.required - view.properties.keys() for view, other in ((one, two), (two, one))):
        return True
    # A property that both require may tell them apart by its value.
    return any(
        first is not None and second is not None and not first.keys() & second.keys()
        for first, second in (
            [View(view.properties[name], frozenset()).enum for view in (one, two)]
            for name in sorted(one.required & two.required & one.properties.keys() & two.properties.keys())
        )
    )


def _grown_or_shrunk(old: View, new: View) -> tuple[Union, Union] | None:
    """Return the choices of both sides if one side has a oneOf or anyOf of a single alternative, else None."""
    if not old.unions and old.singles:
        return old.singles[0], new.unions[0]
    if not new.unions and new.singles:
        return old.unions[0], new.singles[0]
    return None


def _says_itself(view: View) -> bool:
    return view.types is not None or bool(view.properties)


def _introduced(old: View, new: View, union: Union, trial: Trial) -> tuple[list[Finding], bool]:
    alternatives = trial.views_new.alternatives(new, union)
    plain = trial.views_old.without_alternatives(old)
    fitting = [trial.fits(plain, alternative) for alternative in alternatives]
    short = union.kind[:3].lower()
    if trial.flow.is_request:
        name = f"{short}-of-generalized" if any(fitting) else f"{short}-of-introduced"
    else:
        name = f"{short}-of-specialized" if all(fitting) else f"{short}-of-introduced"
    words = ", ".join(_label(view, place) for place, (_, view) in enumerate(_labelled(union, trial.views_new)))
    pointers = old.place.at, union.part.get(union.kind).at
    beside = trial.views_new.without_alternatives(new)
    return [Finding(name, *pointers, values={"old": kinds_text(old), "new": words})], _says_itself(beside)


def _dissolved(old: View, new: View, union: Union, trial: Trial) -> tuple[list[Finding], bool]:
    alternatives = trial.views_old.alternatives(old, union)
    plain = trial.views_new.without_alternatives(new)
    labels = [label for label, _ in _labelled(union, trial.views_old)]
    short = union.kind[:3].lower()
    pointers = union.part.get(union.kind).at, new.place.at
    beside = trial.views_old.without_alternatives(old)
    fitting = [trial.fits(alternative, plain) for alternative in alternatives]
    everything = {"old": ", ".join(labels)}
    gone = [label for label, fits in zip(labels, fitting, strict=True) if not fits]
    if not gone:
        name = f"{short}-of-dissolved" if trial.flow.is_request else "alternatives-merged"
        found = [Finding(name, *pointers, values=everything)]
    elif trial.flow.is_request or any(fitting):
        found = [Finding(f"{short}-of-removed", *pointers, values={"old": label}) for label in gone]
    else:
        found = [Finding(f"{short}-of-dissolved", *pointers, values=everything)]
    return found, _says_itself(beside)
