"""Looking at a contact sheet: divider, zoom, edges and backgrounds."""

from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image

from tests.sheets import GREEN, SCREEN, SUBJECT, matte, over

FIRST = "#s1c1 .view"


def choose_pair(page, value):
    """Press one of the buttons that say which pictures are shown."""
    page.locator(f"#bar input[value={value}]").check(force=True)


def places(page):
    """Return where each picture that is shown stands in its view, as CSS has it."""
    return page.evaluate(
        "[...document.querySelectorAll('.half img[src]')].map((each) => getComputedStyle(each).transform)"
    )


def middle(page, selector):
    """Return the middle of an element on the screen, and its size."""
    box = page.locator(selector).first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"], box["height"]


def test_the_page_asks_nobody_and_complains_of_nothing(show):
    """It is sent around and opened years later, without a network."""
    page = show()
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator(".cell[data-facts]").count() == 8
    assert page.locator("img:not([alt])").count() == 0


def test_the_page_may_load_nothing_even_if_it_wanted_to(show, browser, written):
    """Names and notes come from others; the policy holds if an escape ever fails."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(written.as_uri())
    blocked = page.evaluate(
        """async () => {
          const broken = [];
          const note = (event) => broken.push(event.effectiveDirective);
          document.addEventListener('securitypolicyviolation', note);
          const image = new Image(); image.src = 'http://127.0.0.1:9/a.png'; document.body.append(image);
          const script = document.createElement('script'); script.textContent = 'window.ran = 1';
          document.body.append(script);
          await fetch('http://127.0.0.1:9/').catch(() => {});
          await new Promise((done) => setTimeout(done, 100));
          return [broken.sort(), window.ran ?? null];
        }"""
    )
    context.close()
    assert blocked == [["connect-src", "img-src", "script-src-elem"], None]


def test_the_divider_is_dragged_and_the_pixels_follow(show, seen, alike):
    """The same spot shows the original on one side and the composite on the other, in every cell."""
    page = show()
    choose_pair(page, "original")
    assert alike(seen(page, FIRST, 0.25, 0.1), SCREEN)
    assert alike(seen(page, FIRST, 0.75, 0.1), GREEN)
    x, y, width, _ = middle(page, FIRST)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 0.4 * width, y, steps=4)
    page.mouse.up()
    assert alike(seen(page, FIRST, 0.25, 0.1), GREEN)
    assert alike(seen(page, "#s1c2 .view", 0.25, 0.1), GREEN)


def test_the_divider_follows_the_keys(show, seen, alike):
    """Not everybody has a mouse."""
    page = show()
    choose_pair(page, "original")
    handle = page.locator("#s1c1 .handle")
    handle.focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert handle.get_attribute("aria-valuenow") == "62"
    assert alike(seen(page, FIRST, 0.57, 0.1), SCREEN)
    page.keyboard.press("Home")
    assert page.locator("#s1c2 .handle").get_attribute("aria-valuenow") == "0"
    assert alike(seen(page, FIRST, 0.25, 0.1), GREEN)


def test_the_divider_follows_a_finger(show):
    """On a phone it is the only way."""
    page = show(width=390, height=844, has_touch=True, is_mobile=True)
    choose_pair(page, "original")
    page.locator(FIRST).scroll_into_view_if_needed()
    x, y, width, _ = middle(page, FIRST)
    touch = page.context.new_cdp_session(page)
    for kind, at in (
        ("touchStart", x),
        ("touchMove", x + 20),
        ("touchMove", x + 0.3 * width),
        ("touchEnd", None),
    ):
        points = [] if at is None else [{"x": at, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert int(page.locator("#s1c1 .handle").get_attribute("aria-valuenow")) == pytest.approx(80, abs=2)


def test_a_click_zooms_every_picture_to_the_same_spot(show, seen, alike):
    """Edges are compared across sets, at the same place; a second click goes back."""
    page = show()
    assert alike(seen(page, FIRST, 0.5, 0.5), SUBJECT, 20)
    assert alike(seen(page, FIRST, 0.06, 0.06), GREEN)
    x, y, width, height = middle(page, FIRST)
    page.mouse.click(x - 0.45 * width, y - 0.45 * height)
    assert alike(seen(page, "#s1c3 .view", 0.5, 0.5), GREEN)
    assert len(set(places(page))) > 0
    assert page.locator("#bar .times").inner_text() == "4×"
    page.mouse.click(x, y)
    assert page.locator("#bar .times").inner_text() == "1×"
    assert alike(seen(page, FIRST, 0.5, 0.5), SUBJECT, 20)


def test_zoom_ends_at_one_and_eight(show):
    """Beyond that a pixel is a wall, and less than all is nothing."""
    page = show()
    page.locator(FIRST).focus()
    for _ in range(9):
        page.keyboard.press("+")
    assert page.locator("#bar .times").inner_text() == "8×"
    assert page.locator('#bar [data-zoom="in"]').get_attribute("aria-disabled") == "true"
    page.keyboard.press("0")
    page.locator('#bar [data-zoom="out"]').focus()
    page.keyboard.press("Enter")
    assert page.locator("#bar .times").inner_text() == "1×"


def test_the_wheel_zooms_about_the_pointer_and_alone_it_scrolls(show, until):
    """A page that swallows the wheel cannot be read."""
    page = show(height=500)
    x, y, width, height = middle(page, FIRST)
    page.mouse.move(x + 0.25 * width, y + 0.25 * height)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    until(page, "document.querySelector('.times').textContent === '2.7×'")
    style = page.evaluate(
        "(({ style }) => ['--zoom', '--tx', '--ty'].map((name) => parseFloat(style.getPropertyValue(name))))"
        "(document.documentElement)"
    )
    zoom, across, down = style
    assert zoom == pytest.approx(2.72, abs=0.02)
    # the spot under the pointer, three quarters in, stayed there
    assert across / 100 + zoom * 0.75 == pytest.approx(0.75, abs=0.01)
    assert down / 100 + zoom * 0.75 == pytest.approx(0.75, abs=0.01)
    page.mouse.wheel(0, 200)
    until(page, "scrollY > 0")
    assert page.evaluate("parseFloat(document.documentElement.style.getPropertyValue('--zoom'))") == zoom


def test_two_fingers_zoom(show):
    """As every picture on a phone does."""
    page = show(width=390, height=844, has_touch=True, is_mobile=True)
    page.locator(FIRST).scroll_into_view_if_needed()
    x, y, _, _ = middle(page, FIRST)
    touch = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60), ("touchEnd", None)):
        points = (
            [] if apart is None else [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert page.locator("#bar .times").first.text_content() == "3×"


def test_a_zoomed_picture_is_moved_by_mouse_and_keys(show):
    """The spot that was clicked is seldom the one that was meant."""
    page = show()
    page.locator(FIRST).focus()
    page.keyboard.press("+")
    before = places(page)
    page.keyboard.press("ArrowRight")
    moved = places(page)
    assert before != moved
    x, y, _, _ = middle(page, FIRST)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 30, steps=3)
    page.mouse.up()
    assert places(page) != moved
    assert page.locator("#bar .times").inner_text() == "1.5×"


def test_edges_are_the_same_full_size_part_in_every_cell(show, two_sources, until):
    """Reduced pictures hide what edges look like; these are pixel for pixel."""
    page = show()
    choose_pair(page, "edges")
    until(page, "document.querySelector('#s1c1 .half img').naturalHeight === 270")
    found = set()
    for number, cell in enumerate(two_sources.sources[0].cells[:3], 1):
        address = page.locator(f"#s1c{number} .half img").first.get_attribute("src")
        part = Image.open(BytesIO(b64decode(address.removeprefix("data:image/png;base64,"))))
        whole = Image.open(cell.composite)
        found.add(
            tuple(x for x in range(161) if whole.crop((x, 0, x + 320, 270)).tobytes() == part.tobytes())
        )
    assert len(found) == 1
    assert len(found.pop()) == 1


def test_another_background_is_exact_and_says_that_it_is_derived(show):
    """Green hides green edges; what is laid over white is no result of the keyer."""
    page = show()
    choose_pair(page, "edges")
    page.locator("[name=ground]").select_option("white")
    page.wait_for_selector("#s1c1 canvas")
    row = page.evaluate(
        "[...document.querySelector('#s1c1 canvas').getContext('2d').getImageData(0, 135, 320, 1).data]"
    )
    pixels = list(zip(row[::4], row[1::4], row[2::4], strict=True))
    alpha = matte((480, 270), 2)
    expected = over((255, 255, 255), alpha).crop((0, 135, 480, 136))
    bands = expected.tobytes()
    wanted = list(zip(bands[::3], bands[1::3], bands[2::3], strict=True))
    assert any(
        all(
            max(abs(a - b) for a, b in zip(one, two, strict=True)) <= 2
            for one, two in zip(pixels, wanted[x:], strict=False)
        )
        for x in range(161)
    )
    assert len(set(pixels)) > 3
    assert page.locator("#s1c1 .derived").first.inner_text() == "derived background"
    page.locator("[name=ground]").select_option("made")
    assert page.locator("canvas:visible").count() == 0
    assert page.locator(".derived:visible").count() == 0


def test_only_pictures_near_the_window_are_held(show, until):
    """A page of many cells must not fill the memory with decoded pictures."""
    page = show(width=390, height=500)
    until(page, "document.querySelector('.half img[src]') !== null")
    assert 0 < page.locator(".half img[src]").count() < 6
    page.locator("#s2c2").scroll_into_view_if_needed()
    page.wait_for_selector("#s2c2 .half img[src]")
    assert page.locator("#s1c1 .half img[src]").count() == 0


def test_without_motion_nothing_glides(show):
    """Some people get sick of it."""
    glides = "getComputedStyle(document.querySelector('.half img')).transitionDuration"
    assert show(reduced_motion="reduce").evaluate(glides) == "0s"
    assert show(reduced_motion="no-preference").evaluate(glides) != "0s"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_by_day_and_by_night(show, scheme):
    """Contrast of at least 4.5 to 1, as accessibility guidelines ask."""
    page = show(color_scheme=scheme)
    page.locator("#s1c1 [data-act=choose]").click()
    ratios = page.evaluate(
        """() => {
          const parts = (text) => text.match(/[\\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
            .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const ground = (element) => {
            for (let at = element; at; at = at.parentElement) {
              const found = parts(getComputedStyle(at).backgroundColor);
              if (found.length === 3 || found[3] === 1) return found;
            }
          };
          const names = ['h1', '.facts', '.head .label', '.chips li', '.score', '.caption h3', '.use',
            '#said', '#count', '.seg span', '.seg input:checked + span', '#s1c1 [data-act=choose]',
            '#s1c2 [data-act=choose]', '.badge', '.keys'];
          return Object.fromEntries(names.map((name) => {
            const element = document.querySelector(name);
            const [a, b] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
            return [name, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
          }));
        }"""
    )
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
