"""Contact sheets opened in a headless Chromium, from their files, with no network."""

import shutil
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from avatar_async.media.sheet import Sheet, write_sheet
from tests.sheets import sheet, swept

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


_DECODED = """async () => {
  await Promise.all([...document.querySelectorAll('.half img[src]')].map((image) => image.decode()));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


@define
class Opened:
    """A page in a window of its own, and what it did that it should not."""

    page: Page
    requests: list[str] = field(factory=list)
    complaints: list[str] = field(factory=list)

    def watch(self) -> None:
        """Note requests, errors and words on the console."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def asked_of_others(self) -> list[str]:
        """Requests for anything but pages on disk and what stands in the page."""
        return [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser with an empty profile; it ends with its module: asynchronous tests cannot run beside it."""
    program = shutil.which("chromium")
    assert program, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(_QUIET))
        yield running
        running.close()


@pytest.fixture(scope="session")
def two_sources(tmp_path_factory) -> Sheet:
    """A wide source with six cells that make a table, and a tall one with two."""
    folder = tmp_path_factory.mktemp("pictures")
    tall = swept(folder / "tall", (270, 480), highs=(160,), blurs=(1, 3))
    return sheet(swept(folder / "wide"), tall)


@pytest.fixture(scope="session")
def written(two_sources, tmp_path_factory) -> Path:
    """That sheet as a page."""
    path: Path = tmp_path_factory.mktemp("sheet") / "sheet.html"
    write_sheet(two_sources, path, path.with_suffix(".png"))
    return path


@pytest.fixture
def show(browser, written) -> Iterator[Callable[..., Page]]:
    """Open a page in a window; when the test ends, it has asked nobody and complained of nothing."""
    opened: list[Opened] = []

    def open_page(path: Path = written, width: int = 1280, height: int = 900, **options: Any) -> Page:
        options.setdefault("reduced_motion", "reduce")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(10_000)
        one = Opened(context.new_page())
        one.watch()
        opened.append(one)
        one.page.goto(path.as_uri())
        return one.page

    yield open_page
    for one in opened:
        one.page.context.close()
    assert [one.asked_of_others for one in opened] == [[] for _ in opened]
    assert [one.complaints for one in opened] == [[] for _ in opened]


@pytest.fixture
def seen() -> Callable[..., tuple[int, int, int]]:
    """Return the colour on the screen at a spot of an element, given as shares of its sides."""

    def colour(page: Page, selector: str, across: float, down: float) -> tuple[int, int, int]:
        page.evaluate(_DECODED)
        shot = Image.open(BytesIO(page.locator(selector).first.screenshot())).convert("RGB")
        spot = shot.getpixel((int(across * (shot.width - 1)), int(down * (shot.height - 1))))
        assert isinstance(spot, tuple)
        red, green, blue = spot
        return red, green, blue

    return colour


@pytest.fixture
def until() -> Callable[[Page, str], None]:
    """Wait until an expression holds; the page's policy lets no test evaluate text from within."""

    def wait(page: Page, expression: str) -> None:
        end = time.monotonic() + 10
        while not page.evaluate(expression):
            assert time.monotonic() < end, f"never: {expression}"
            page.wait_for_timeout(20)

    return wait


def near(colour: tuple[int, int, int], other: tuple[int, int, int], spread: int = 12) -> bool:
    """Tell whether two colours are alike; pictures on the page are JPEG."""
    return all(abs(one - two) <= spread for one, two in zip(colour, other, strict=True))


@pytest.fixture
def alike() -> Callable[..., bool]:
    """Tell whether two colours are alike."""
    return near
