"""The holonomy decomposition of a finite automaton: what Krohn and Rhodes' theorem is made of.

Sets of states that words lead to from the set of all are *images*. One is below another if a word leads from the other
to something that contains it; images that are below each other are alike, and a word between them is one to one. The
*tiles* of an image are the largest images in it. Where an automaton is, is said by a chain: all states, a tile of that,
a tile of the tile, …, the state alone. A symbol moves a chain as follows, level by level, a level being images that are
alike: if it leads from the chain's image to the next chain's one exactly, both are alike and it permutes their
tiles; else it leads into one tile of the next, whichever tile there was. So every level is permuted or reset, and what
it does depends on the levels above and the symbol alone.

Zeiger 1967; Eilenberg, Automata, Languages and Machines B, 1976; Egri-Nagy, Nehaniv, SgpDec, 2008 to 2023.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from lsrl.automata.automaton import Automaton
from lsrl.errors import UnsupportedProgram
from lsrl.lang.graphs import strong_components

MOST_IMAGES = 2048
"""Sets of states that are followed."""

Image: TypeAlias = "frozenset[int]"
Places: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """What a symbol does to a level: `permuted[i]` is the tile that tile i becomes; or all become `reset`."""

    permuted: Places | None = None
    reset: int | None = None


@dataclass(frozen=True)
class Holonomy:
    """The images of a complete automaton: which are alike (`level`), and the tiles of each, ordered alike for those.

    `levels` are those of images of more than one state; a level comes after all that have larger images above it.
    """

    automaton: Automaton
    level: Mapping[Image, int]
    levels: tuple[int, ...]
    tiles: Mapping[Image, tuple[Image, ...]]
    _known: dict[tuple[Image, Image, int], Move] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many tiles images of each of the levels have."""
        of_level = {own: len(self.tiles[image]) for image, own in self.level.items()}
        return tuple(of_level[level] for level in self.levels)

    def start(self) -> Places:
        """A chain of the state before the first symbol: a tile for each level, 0 where the chain has no such image."""
        image, places = self._top, []
        for level in self.levels:
            place = 0
            if self.level[image] == level:
                place = next(i for i, tile in enumerate(self.tiles[image]) if self.automaton.start in tile)
                image = self.tiles[image][place]
            places.append(place)
        return tuple(places)

    def image(self, places: Sequence[int]) -> Image:
        """Where the levels, with these places, lead to from all states."""
        image = self._top
        for level, place in zip(self.levels, places, strict=True):
            if self.level[image] == level:
                image = self.tiles[image][place]
        return image

    def possible_moves(self, level: int) -> Iterator[Move]:
        """How symbols permute the tiles of images of a level, whether or not it is ever there."""
        for image in (image for image, own in self.level.items() if own == level):
            for symbol in range(len(self.automaton.alphabet)):
                after = stepped(self.automaton, image, symbol)
                if self.level[after] == level:
                    yield self._move(image, after, symbol)

    @cached_property
    def _top(self) -> Image:
        return frozenset(range(len(self.automaton.states)))

    def moves(self, places: Places, symbol: int) -> tuple[tuple[Move, ...], Places]:
        """What a symbol does to every level of a chain, and the chain after it."""
        found: list[Move] = []
        after: list[int] = []
        before = ahead = self._top
        for level, place in zip(self.levels, places, strict=True):
            move = self._move(before, ahead, symbol) if self.level[ahead] == level else Move()
            found.append(move)
            after.append(_moved(move, place))
            if self.level[before] == level:
                before = self.tiles[before][place]
            if self.level[ahead] == level:
                ahead = self.tiles[ahead][after[-1]]
        return tuple(found), tuple(after)

    def _move(self, before: Image, ahead: Image, symbol: int) -> Move:
        known = self._known.get((before, ahead, symbol))
        if known is None:
            known = self._known[before, ahead, symbol] = self._new_move(before, ahead, symbol)
        return known

    def _new_move(self, before: Image, ahead: Image, symbol: int) -> Move:
        reached = stepped(self.automaton, before, symbol)
        if reached != ahead:
            return Move(reset=next(i for i, tile in enumerate(self.tiles[ahead]) if reached <= tile))
        places = {tile: i for i, tile in enumerate(self.tiles[ahead])}
        return Move(permuted=tuple(places[stepped(self.automaton, tile, symbol)] for tile in self.tiles[before]))


def _moved(move: Move, place: int) -> int:
    if move.reset is not None:
        return move.reset
    return place if move.permuted is None else move.permuted[place]


def stepped(automaton: Automaton, image: Image, symbol: int) -> Image:
    """The states that a symbol leads to."""
    return frozenset(_whole(automaton.table[state][symbol]) for state in image)


def _whole(state: int | None) -> int:
    assert state is not None
    return state


def holonomy(automaton: Automaton) -> Holonomy:
    """The decomposition of an automaton, completed. Raises `UnsupportedProgram` for more than `MOST_IMAGES` images.

    >>> flip_flop = Automaton.of([[0, 0, 1], [1, 0, 1]])
    >>> holonomy(flip_flop).moves((0,), 2)
    ((Move(permuted=None, reset=1),), (1,))
    """
    whole = automaton.completed()
    images = _images(whole)
    order = {image: i for i, image in enumerate(images)}
    symbols = range(len(whole.alphabet))
    arrows = [(order[image], order[stepped(whole, image, symbol)]) for image in images for symbol in symbols]
    arrows += [(order[image], order[other]) for image in images for other in images if other < image]
    # What is below comes first. No image is below itself through a smaller one: words never widen an image.
    alike = strong_components(len(images), arrows)
    tiles: dict[Image, tuple[Image, ...]] = {}
    level: dict[Image, int] = {}
    for number, members in enumerate(alike):
        _order_tiles(whole, [images[i] for i in members], images, tiles)
        level.update((images[i], number) for i in members)
    levels = tuple(number for number in reversed(range(len(alike))) if len(images[alike[number][0]]) > 1)
    return Holonomy(whole, level, levels, tiles)


def _images(automaton: Automaton) -> list[Image]:
    """All states, what words lead to from there, and every state alone; largest first."""
    top = frozenset(range(len(automaton.states)))
    found = {top: None} | {frozenset({state}): None for state in top}
    waiting = list(found)
    for image in waiting:
        for symbol in range(len(automaton.alphabet)):
            after = stepped(automaton, image, symbol)
            if after not in found:
                found[after] = None
                waiting.append(after)
        if len(found) > MOST_IMAGES:
            raise UnsupportedProgram(
                f"its {len(top)} states lead to over {MOST_IMAGES:,} sets of states, and it is not decomposed into "
                "resets and counters"
            )
    return sorted(found, key=lambda image: (-len(image), sorted(image)))


def _order_tiles(
    automaton: Automaton, members: Sequence[Image], images: Sequence[Image], tiles: dict[Image, tuple[Image, ...]]
) -> None:
    """The tiles of images that are alike, those of the first carried to the others by words."""
    first = members[0]
    inside = [image for image in images if image < first]
    tiles[first] = tuple(image for image in inside if not any(image < other for other in inside))
    alike, waiting = set(members), [first]
    for image in waiting:
        for symbol in range(len(automaton.alphabet)):
            after = stepped(automaton, image, symbol)
            if after in alike and after not in tiles:
                tiles[after] = tuple(stepped(automaton, tile, symbol) for tile in tiles[image])
                waiting.append(after)
