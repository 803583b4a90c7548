"""Files for visitors: one at a time each, a queue for pictures, and failures in words."""

import asyncio
import logging
import threading
from types import SimpleNamespace

import pytest
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest
from streamlit.runtime.backend_operation_handler import DeferredFileHandler
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from gradflow.ui import vendor_internals
from gradflow.ui.downloads import download_words as words
from gradflow.ui.downloads import images, making
from gradflow.ui.downloads.making import BusyError, Making

PNG, CSV = "image/png", "text/csv"


@pytest.fixture
def files():
    made = Making()
    yield made
    made.close()


def test_numbers_never_wait_for_pictures(files):
    drawn = threading.Event()

    async def visit():
        pictures = [
            asyncio.create_task(files.made(f"visitor {n}", PNG, drawn.wait)) for n in range(5)
        ]
        await asyncio.sleep(0)
        numbers = await asyncio.wait_for(files.made("another", CSV, lambda: "csv"), 10)
        drawn.set()
        await asyncio.gather(*pictures)
        return numbers

    assert asyncio.run(visit()) == "csv"


def test_a_visitor_has_one_file_at_a_time(files):
    ended = threading.Event()

    async def visit():
        first = asyncio.create_task(files.made("a", CSV, ended.wait))
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="One file at a time"):
            await files.made("a", PNG, str)
        ended.set()
        await first
        return await files.made("a", PNG, lambda: "png")

    assert asyncio.run(visit()) == "png"


def test_only_so_many_pictures_wait(files, monkeypatch):
    monkeypatch.setattr(making, "MOST_PICTURES", 2)
    ended = threading.Event()

    async def visit():
        tasks = [asyncio.create_task(files.made(name, PNG, ended.wait)) for name in "ab"]
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="Many visitors want pictures"):
            await files.made("c", PNG, str)
        ended.set()
        await asyncio.gather(*tasks)

    asyncio.run(visit())


def test_a_file_that_fails_leaves_its_place(files):
    async def visit():
        for _ in range(making.MOST_PICTURES + 1):
            with pytest.raises(images.ImageError):
                await files.made("a", PNG, fails(images.ImageError(words.NO_IMAGE)))

    asyncio.run(visit())


def fails(failure):
    def make():
        raise failure

    return make


@pytest.fixture
def answer(files, monkeypatch):
    """What Streamlit answers when a file is asked for that a function makes."""
    monkeypatch.setattr(DeferredFileHandler, "handle", DeferredFileHandler.handle)
    vendor_internals.answer_downloads(files.made)
    manager = MediaFileManager(MemoryMediaFileStorage("/media"))
    handler = DeferredFileHandler(lambda: manager)

    def answered(make, kind=CSV, stale=False):
        name = manager.add_deferred(make, kind, "1", "terms.csv")
        request = BackendOperationRequest(request_id="r")
        request.deferred_file.file_id = "gone" if stale else name
        return asyncio.run(handler.handle(request, "a"))

    return answered


def test_a_file_is_answered_with_its_address(answer):
    assert answer(lambda: b"1,2").deferred_file.url.startswith("/media/")


@pytest.mark.parametrize("sentence", [words.NO_IMAGE, words.TOO_SLOW, words.NO_BROWSER])
def test_what_went_wrong_is_said_below_the_button(answer, sentence):
    assert answer(fails(images.ImageError(sentence)), PNG).error_msg == sentence


def test_a_button_of_an_older_page_says_so(answer):
    assert "page has changed" in answer(lambda: b"", stale=True).error_msg


def test_a_mistake_of_ours_is_in_the_log_and_not_on_the_page(answer, caplog):
    with caplog.at_level(logging.ERROR):
        said = answer(fails(KeyError("secret"))).error_msg
    assert "could not be made" in said
    assert "secret" not in said
    assert "secret" in caplog.text


def test_a_picture_that_takes_too_long_ends_the_browser_for_nobody_else(monkeypatch):
    closed = []

    def late(figure, format_, scale):
        raise TimeoutError

    browser = SimpleNamespace(image=late, alive=lambda: True, close=closed.append)
    monkeypatch.setattr(images, "_browser", browser)
    monkeypatch.setattr(images, "browser_available", lambda: True)
    with pytest.raises(images.ImageError, match="took too long"):
        images.image(None, "png")
    assert closed == [True]
    assert images._browser is None
