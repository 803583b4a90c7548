"""The files of a film: a web page, and an animated picture."""

from __future__ import annotations

from gradflow.ui.comparison import film_words as words
from gradflow.ui.component.film import Film
from gradflow.ui.downloads.button_row import File, buttons


def film_buttons(kind: str, film: Film, message: bytes, said: str, made_of: str) -> None:
    """Draw a button for each file. What makes them is imported on click.

    Parameters
    ----------
    kind : str
        "film" or "pulse".
    film : Film
        The film.
    message : bytes
        Its message.
    said : str
        How it is to be read, as plain text.
    made_of : str
        The settings that made it, as plain text.
    """

    def page() -> bytes:
        from gradflow.ui.comparison.film_files import film_page

        return film_page(film.title, message, said, made_of)

    def picture() -> bytes:
        from gradflow.ui.comparison.animated_gif import animated_picture

        return animated_picture(film)

    files = (
        File("HTML", page, words.PAGE_FILE.format(kind=kind)),
        File("GIF", picture, words.PICTURE_FILE),
    )
    buttons(files, f"gradflow_{kind}", kind)
