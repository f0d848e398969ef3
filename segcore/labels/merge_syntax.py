"""What a person writes to train on fewer classes: `car,truck,bus=vehicle; rest=other`.

    car,truck,bus=vehicle   three classes become one
    road,sidewalk           each stays what it is
    rest=other              all that are not named become one

Classes are named by name or id; without a `rest` those that are not named stay what they are. Void
labels that are not named have no label from then on.
"""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from segcore.errors import DataError
from segcore.labels.class_map import ClassMap
from segcore.labels.distinct_colors import distinct_colors, safe_colors
from segcore.labels.space import NO_LABEL, Color, Label, LabelSpace

REST = "rest"
NAMED = 8
"""How many classes an error lists if none has a similar name."""

Group = tuple[str, list[Label]]


def merging(space: LabelSpace, merge: Sequence[str] = (), ignore: Sequence[str] = ()) -> ClassMap:
    """How the classes of a space are merged and left out; each text may hold several.

    Raises:
        DataError: an unknown class, one that is named twice, or fewer than two that are left.
    """
    if not any(map(str.strip, (*merge, *ignore))):
        return ClassMap.same(space)
    groups, rest = _groups(space, merge)
    left_out, rest_left_out = _left_out(space, ignore)
    if rest is not None and rest_left_out:
        raise DataError(f"The rest cannot be both ignored and {rest}; choose one.")
    named = [label.id for _, members in groups for label in members] + [
        label.id for label in left_out
    ]
    if twice := [id_ for id_ in named if named.count(id_) > 1]:
        raise DataError(f"The class {space.names[twice[0]]} is named twice; name it once.")
    others = [label for label in space.labels if label.id not in named and not label.is_void]
    if rest is None and not rest_left_out:
        groups += [(label.name, [label]) for label in others]
    if rest is not None and not others:
        raise DataError(f"There is no rest that could be {rest}: every class is named.")
    if rest is not None:
        groups.append((rest, others))
    order = [label.id for label in space.labels]
    groups.sort(key=lambda group: min(order.index(label.id) for label in group[1]))
    labels = [_label(id_, *group) for id_, group in enumerate(groups)]
    if rest is not None:
        place = groups.index((rest, others))
        labels[place] = _recolored(labels[place], [*labels[:place], *labels[place + 1 :]])
    if len(labels) < 2:
        raise DataError("Fewer than two classes are left to tell apart; merge or ignore less.")
    try:
        target = LabelSpace.made(f"{space.name}-merged", tuple(labels))
    except ValueError as error:
        raise DataError(f"The merged classes cannot be used: {error}.") from error
    becomes = {label.id: id_ for id_, (_, members) in enumerate(groups) for label in members}
    ids = (becomes.get(id_, NO_LABEL) for id_ in range(space.num_classes))
    return ClassMap(space, target, tuple(ids))


def in_words(classes: ClassMap) -> tuple[str, str]:
    """What a person would write for it: what is merged or kept, and what is ignored."""
    if classes.is_same:
        return "", ""
    members: dict[int, list[Label]] = {}
    for label in classes.origin.labels:
        members.setdefault(classes.ids[label.id], []).append(label)
    ignored = [label for label in members.pop(NO_LABEL, []) if not label.is_void]
    merged = []
    for id_, labels in members.items():
        name, named = classes.target.names[id_], ", ".join(map(_written, labels))
        is_kept = [label.name for label in labels] == [name]
        merged.append(named if is_kept else f"{named} = {name}")
    return "; ".join(merged), ", ".join(map(_written, ignored))


def _written(label: Label) -> str:
    """Its name, or its id where the name would be read as something else."""
    is_plain = not set(label.name) & set(",;=") and label.name.casefold() != REST
    return label.name if is_plain and label.name == label.name.strip() else str(label.id)


def _groups(space: LabelSpace, merge: Sequence[str]) -> tuple[list[Group], str | None]:
    """The classes that are merged or kept, and what all others become, where that is said."""
    groups: list[Group] = []
    rest = None
    for part in (part for text in merge for part in text.split(";") if part.strip()):
        members, joined, name = (piece.strip() for piece in part.rpartition("="))
        if not joined:
            groups += [(label.name, [label]) for label in _listed(space, part)]
        elif not members.strip(", ") or not name:
            raise DataError(f"{part.strip()!r} merges nothing: write CLASS,CLASS=NAME.")
        elif members.casefold() == REST:
            rest = name
        else:
            groups.append((name, _listed(space, members)))
    return groups, rest


def _left_out(space: LabelSpace, ignore: Sequence[str]) -> tuple[list[Label], bool]:
    """The classes that are ignored, and whether all that are not named are."""
    names = [name.strip() for text in ignore for name in text.split(",") if name.strip()]
    named = [name for name in names if name.casefold() != REST]
    return [_found(space, name) for name in named], len(named) < len(names)


def _listed(space: LabelSpace, names: str) -> list[Label]:
    return [_found(space, name.strip()) for name in names.split(",") if name.strip()]


def _found(space: LabelSpace, name: str) -> Label:
    by_name = {label.name.casefold(): label for label in space.labels}
    by_name |= {str(label.id): label for label in space.labels if str(label.id) not in by_name}
    if name.casefold() in by_name:
        return by_name[name.casefold()]
    nearest = get_close_matches(name.casefold(), list(by_name), 3, 0.5)
    known = [by_name[near].name for near in nearest]
    listed = ", ".join(known or [label.name for label in space.labels][:NAMED])
    raise DataError(
        f"{space.name} has no class {name!r}; "
        f"{'the nearest are' if known else 'its classes are'} {listed}."
    )


def _label(id_: int, name: str, members: Sequence[Label]) -> Label:
    """One class made of several, in the colour of that which has its name, or of the first."""
    shown = min(members, key=lambda label: (label.name != name, not label.is_scored))
    categories = {label.category for label in members}
    return Label(
        id_,
        name,
        shown.color,
        shown.safe_color,
        shown.category if len(categories) == 1 else None,
        is_scored=any(label.is_scored for label in members),
        is_void=all(label.is_void for label in members),
    )


def _recolored(label: Label, others: Sequence[Label]) -> Label:
    """The label in a colour that none of the others has: all the rest looks like no one class."""
    safe: list[Color] = safe_colors(len(others) + 1)
    taken = {label.safe_color for label in others}
    return replace(
        label,
        color=distinct_colors(1, [label.color for label in others])[0],
        safe_color=next(color for color in safe if color not in taken),
    )
