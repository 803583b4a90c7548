"""A film as an animated GIF, which every program for slides plays."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gradflow.figures.builders.cell_levels import FIRST, FREE, NOTHING
from gradflow.figures.builders.cell_levels import channels as rgb
from gradflow.figures.builders.colours import INK, PAPER
from gradflow.numerics.scaled import Array
from gradflow.ui.comparison import film_words
from gradflow.ui.component.film import Film, FilmPanel

# Greys from the paper to the ink, the last numbers of the colours.
_GREYS = 256 - FREE
_PAPER, _INK = FREE, 255
_LIGHT_GREY = FREE + 3

# Pixels: a heatmap's side at least, a strip, letters, and the room around all.
_SIDE = 320
_STRIP = 18
_LETTERS, _SMALL = 20, 14
_MARGIN = 24
_LINE = 26

# Hundredths of a second of a picture, at least: what browsers make of fewer is ten.
_SHORTEST = 3
_LAST = 150


def animated_picture(film: Film) -> bytes:
    """The pictures of a film from first to last, both networks side by side, on white paper.

    Parameters
    ----------
    film : Film
        The film.
    """
    pictures = list(_pictures(film))
    file = io.BytesIO()
    each = 10 * max(_SHORTEST, round(100 / film.rate))
    lasting = [*[each] * (len(pictures) - 1), 10 * _LAST]
    pictures[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=lasting,
        loop=0,
        optimize=False,
    )
    return file.getvalue()


def _pictures(film: Film) -> Iterator[Image.Image]:
    palette = _palette(film)
    still = _still(film)
    places = _places(film)
    for number, label in enumerate(film.labels):
        drawn = still.copy()
        _write(drawn, (_MARGIN, _MARGIN), label, _LETTERS)
        head = film.heads[number] if film.heads else (0, -1)
        for panel, left in zip(film.panels, places, strict=True):
            _draw_panel(drawn, film, panel, left, number, head)
        picture = Image.fromarray(drawn)
        picture.putpalette(palette)
        yield picture


def _palette(film: Film) -> bytes:
    table = film.colours[:, :3].copy()
    shares = np.linspace(0.0, 1.0, _GREYS)[:, None]
    paper, ink = np.array(rgb(PAPER[False])), np.array(rgb(INK[False]))
    table[FREE:] = np.rint(paper + shares * (ink - paper))
    return table.tobytes()


def _size(cells: int) -> int:
    """Pixels of a cell."""
    return max(1, round(_SIDE / cells))


def _side(film: Film) -> int:
    return film.cells * _size(film.cells)


def _places(film: Film) -> list[int]:
    """Where the panels begin, from the left."""
    return [_MARGIN + 20 + number * (_side(film) + 3 * _MARGIN) for number in range(2)]


_TOP = _MARGIN + 2 * _LINE + 10


def _still(film: Film) -> Array:
    """What no picture changes: titles, axes, names of the strips, the colour bar."""
    side, lanes = _side(film), max(len(panel.lanes) for panel in film.panels)
    below = _TOP + side + _LINE + lanes * (_LINE + _STRIP)
    width = _places(film)[1] + side + _MARGIN
    drawn = np.full((below + 3 * _LINE + _MARGIN, width), _PAPER, dtype=np.uint8)
    for panel, left in zip(film.panels, _places(film), strict=True):
        name = f"{panel.title} · {panel.quantity}"
        _write(drawn, (left, _TOP - _LINE), name, _LETTERS - 2)
        _write(drawn, (left - 18, _TOP), "1", _SMALL)
        _write(drawn, (left - 18, _TOP + side // 2), "t", _SMALL)
        _write(drawn, (left, _TOP + side + 4), f"1   {film.across}", _SMALL)
        _write(drawn, (left + side - 30, _TOP + side + 4), str(film.T), _SMALL)
        for number, lane in enumerate(panel.lanes):
            _write(drawn, (left, _lane_top(film.cells, number) - _LINE + 6), lane.name, _SMALL)
    _draw_bar(drawn, film, below + 10)
    return drawn


def _lane_top(cells: int, number: int) -> int:
    side = cells * _size(cells)
    return _TOP + side + 2 * _LINE + number * (_LINE + _STRIP)


def _draw_bar(drawn: Array, film: Film, top: int) -> None:
    """The colour bar, of all the colours of the scale from left to right."""
    left, right = _places(film)[0], drawn.shape[1] - _MARGIN
    colours = np.arange(FIRST, FREE, dtype=np.uint8)
    spread = colours[np.linspace(0, len(colours) - 1, right - left).round().astype(int)]
    drawn[top : top + 10, left:right] = spread
    for share, text in film.bar["ticks"]:
        plain = _plain(text)
        at = left + share * (right - left) - share * _width(plain)
        _write(drawn, (round(at), top + 12), plain, _SMALL)
    title = film_words.colours_said(film.bar["title"], film.bar["few"])
    _write(drawn, (left, top + 12 + _LINE - 4), title, _SMALL)


# The letters that Pillow's own font lacks.
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_LACKING = str.maketrans({"−": "-", "≤": "<="})


def _plain(text: str) -> str:
    """The text in letters that the font has: "10^-2" for a raised power."""
    powers = re.sub("10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", r"10^\1", text)
    return powers.translate(_RAISED).translate(_LACKING)


def _draw_panel(
    drawn: Array, film: Film, panel: FilmPanel, left: int, number: int, head: tuple[int, int]
) -> None:
    n, side = film.cells, _side(film)
    columns = film.spread[np.arange(side) * len(film.spread) // side]
    square = np.full((n, n), NOTHING, dtype=np.uint8)
    square[np.tril_indices(n)] = panel.triangles[number]
    _draw_cells(drawn, square, (_TOP, left), _size(n), columns, head)
    for lane, cells in enumerate(panel.strips[number]):
        place = (_lane_top(n, lane), left)
        _draw_cells(drawn, cells[None], place, _STRIP, columns, (0, head[1]))


def _draw_cells(
    drawn: Array,
    cells: Array,
    place: tuple[int, int],
    size: int,
    columns: Array,
    head: tuple[int, int],
) -> None:
    """Cells of some pixels down each, hatched where there is nothing, and a frame around one."""
    large = cells[:, columns].repeat(size, axis=0)
    down, across = np.indices(large.shape)
    hatch = np.where((down + across) % 10, _PAPER, _LIGHT_GREY)
    (top, left), (height, width) = place, large.shape
    drawn[top : top + height, left : left + width] = np.where(large == NOTHING, hatch, large)
    if head[1] >= 0:
        first, end = np.searchsorted(columns, [head[1], head[1] + 1])
        _frame(drawn, (top + head[0] * size, left + int(first)), (size, int(end - first)))


def _frame(drawn: Array, place: tuple[int, int], size: tuple[int, int]) -> None:
    (top, left), (height, width) = place, size
    inner = drawn[top : top + height, left : left + width].copy()
    drawn[top - 2 : top + height + 2, left - 2 : left + width + 2] = _INK
    drawn[top : top + height, left : left + width] = inner


def _write(drawn: Array, place: tuple[int, int], text: str, size: int) -> None:
    """Letters in greys between the paper and the ink."""
    left, top = place
    mask = Image.new("L", (drawn.shape[1] - left, size + 8))
    ImageDraw.Draw(mask).text((0, 0), _plain(text), 255, ImageFont.load_default(size))
    share = np.asarray(mask, dtype=float) / 255.0
    part = drawn[top : top + len(share), left:]
    greys = FREE + np.rint((_GREYS - 1) * share[: len(part)]).astype(np.uint8)
    np.copyto(part, greys, where=greys > FREE)


def _width(text: str) -> int:
    return round(ImageFont.load_default(_SMALL).getlength(text))
