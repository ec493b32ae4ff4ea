"""The direction of each class, sent or answered: its required fields and its repr depend on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generation.code import Classes, classes_in
from generation.ir import Directions, Endpoint, Place


def directions(endpoints: Sequence[Endpoint], classes: Classes) -> Directions:
    """Return the directions of all classes."""
    answers = [kind for one in endpoints for _, kind in one.answers]
    answered = {classes.of(place) for kind in answers for place in classes_in(kind)}
    bodies = {classes.of(place) for one in endpoints if one.body for place in classes_in(one.body.type)}
    parameters = {classes.of(place) for one in endpoints for each in one.parameters for place in classes_in(each.type)}
    inside = {
        classes.of(place)
        for shape in classes.shapes.values()
        for kind in (*(one.type for one in shape.properties), shape.additional)
        for place in classes_in(kind)
    }
    return Directions(
        sent=frozenset(reached(bodies | parameters, classes)),
        answered=frozenset(reached(answered, classes)),
        inside=frozenset(inside),
        whole=frozenset(classes.of(place) for kind in answers for place in classes_in(kind, whole=True)),
        bodies=frozenset(bodies),
    )


def reached(start: Iterable[Place], classes: Classes) -> set[Place]:
    """Return the classes that these ones hold, at any depth, and these themselves."""
    found: set[Place] = set()
    wanted = [*start]
    while wanted:
        place = wanted.pop()
        if place not in found:
            found.add(place)
            if place in classes.shapes:
                shape = classes.shapes[place]
                kinds = [*(one.type for one in shape.properties), shape.additional]
                wanted += [classes.of(inner) for kind in kinds for inner in classes_in(kind)]
    return found
