"""Record the page in use as a small moving picture: `python docs/record_page.py`.

Needs what the tests need, and Chromium or Chrome. Writes page.webp beside itself.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from browser.chromium import FLAGS, installed  # noqa: E402
from browser.serving import served  # noqa: E402

VIEW = {"width": 1280, "height": 800}
WIDTH = 800  # pixels of the picture
HOLD, STEP = 1500, 120  # milliseconds of the first frame, and of each move

# What the hand does: a slider, a key, and how often it is pressed between two frames and in all.
MOVES = (
    ("w_s", "ArrowRight", 2, 14),
    ("b_f", "ArrowRight", 5, 12),
    ("w_s", "ArrowLeft", 3, 12),
)


def frames(page: Page) -> list[Image.Image]:
    """The page after each move."""
    shots = [shot(page)]
    for slider, key, presses, count in MOVES:
        handle = page.locator(f".st-key-{slider} [data-testid=stSlider] input[type=range]").first
        for _ in range(count):
            for _ in range(presses):
                handle.press(key)
            page.wait_for_timeout(400)  # for what follows the charts
            shots.append(shot(page))
    return shots


def shot(page: Page) -> Image.Image:
    """The window as a picture of WIDTH pixels."""
    picture = Image.open(io.BytesIO(page.screenshot()))
    return picture.convert("RGB").resize((WIDTH, WIDTH * VIEW["height"] // VIEW["width"]))


def main() -> None:
    """Serve the page, move it, and write what is seen."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=list(FLAGS))
        with served("app.py", Path(home)) as server:
            page = browser.new_page(viewport=VIEW)
            page.goto(server.address)
            page.locator("canvas, .main-svg").first.wait_for()
            page.wait_for_timeout(4000)
            first, *others = frames(page)
        browser.close()
    first.save(
        HERE / "page.webp",
        save_all=True,
        append_images=others,
        duration=[HOLD, *[STEP] * len(others)],
        loop=0,
        quality=60,
        method=6,
    )


if __name__ == "__main__":
    main()
