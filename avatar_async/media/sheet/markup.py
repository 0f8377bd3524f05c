"""Write the parts of a contact sheet's page; every text in it is escaped here."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from attrs import frozen

from avatar_async.media.fragment import fragment
from avatar_async.media.parameter_sets import DEFAULTS
from avatar_async.media.sheet.captions import colour_of, counted, score_text, short_name, value_text, visible
from avatar_async.media.sheet.catalogue import Pages, catalogue, link
from avatar_async.media.sheet.escaping import number, text, text_of_lines
from avatar_async.media.sheet.looks import CellLook, SourceLook, background_of
from avatar_async.media.sheet.model import Sheet, SheetCell, SheetSource
from avatar_async.media.sheet.pictures import Embedded

#: Says that a page was written here.
GENERATOR = "avatar-async contact sheet"
_SCRIPTS = ("state", "views", "gestures", "arrange", "choosing", "details", "index", "start")
_SPLIT = "{{sources}}"


@frozen(kw_only=True)
class Frame:
    """Hold what stands before and after the sources of a page."""

    head: str
    tail: str


def page_frame(sheet: Sheet, page: int, pages: Pages, names: Sequence[str]) -> Frame:
    """Return what stands around the sources of a page.

    Args:
        sheet: The sheet.
        page: Which page, from 0.
        pages: What stands on each page.
        names: File name of every page.
    """
    before, here = (
        sum(part.last - part.first for each in some for part in each)
        for some in (pages[:page], pages[page : page + 1])
    )
    style, script = _asset("page.css"), _script()
    made = f"{sheet.made_at:%Y-%m-%d %H:%M} {sheet.made_at.tzname() or ''}".strip()
    facts = [counted(len(sheet.sources), "source"), counted(sheet.cell_count, "result"), f"made {made}"]
    if len(names) > 1:
        facts.append(f"page {page + 1} of {len(names)}, results {before + 1} to {before + here}")
    if any(cell.score is not None for source in sheet.sources for cell in source.cells):
        facts.append(f"scored by {sheet.score_name}")
    values = {
        "policy": policy(style, script),
        "generator": GENERATOR,
        "title": text(sheet.title),
        "style": style,
        "script": script,
        "facts": text(" · ".join(facts)),
        "label": text(sheet.label),
        "pages": _pages(page, names),
        "index": catalogue(sheet, pages, names) if page == 0 else "",
    }
    head, tail = (_filled(part, values) for part in _asset("page.html").split(_SPLIT))
    return Frame(head=head, tail=tail)


def policy(style: str, script: str) -> str:
    """Return what the page may load: nothing but itself."""
    style_hash, script_hash = (b64encode(sha256(part.encode()).digest()).decode() for part in (style, script))
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{style_hash}'; "
        f"script-src 'sha256-{script_hash}'; base-uri 'none'; form-action 'none'"
    )


def source_head(source: SheetSource, look: SourceLook, number: int) -> str:
    """Return the start of a source: its name and the original."""
    width, height = look.original.size if look.original else look.window.size
    notes = _notes(look.problems)
    view = (
        _image("original", look.original, f"original of {source.name}")
        + _image("original-edges", look.edges, f"edges of the original of {source.name}", hidden=True)
        + _window_frame(look)
        if look.original and look.edges
        else '<p class="none-yet">no original to show</p>'
    )
    frame = '<p class="badge needs-script">Edges shows the frame</p>' if look.edges else ""
    note = f'<p class="note">{text(source.note)}</p>\n' if source.note else ""
    tall = " tall" if height > width * 1.15 else ""
    return (
        f'<section class="source{tall}" id="s{number}" aria-labelledby="s{number}-name">\n'
        f'<h2 id="s{number}-name"><bdi>{text(source.name)}</bdi></h2>\n{note}<div class="cells">\n'
        f'<article class="cell original"><div class="view">{view}</div>'
        f'<div class="caption"><h3>Original</h3>{frame}{notes}</div></article>\n'
    )


def source_tail() -> str:
    """Return the end of a source."""
    return "</div>\n</section>\n"


def cell_article(
    sheet: Sheet, source: SheetSource, cell: SheetCell, look: CellLook, at: tuple[int, int]
) -> str:
    """Return a cell with its pictures.

    Args:
        sheet: The sheet.
        source: The cell's source.
        cell: The cell.
        look: Its pictures.
        at: Number of the source and of the cell in it.
    """
    alt = f"{source.name}, {cell.name}"
    pictures = "".join(
        _image(layer, picture, f"{layer.replace('-', ', ')} of {alt}", hidden=layer.endswith("-edges"))
        for layer, picture in look.pictures.items()
    )
    if "composite" not in look.pictures:
        pictures += '<p class="none-yet">no composite to show</p>'
    score = "" if cell.score is None else f'<span class="score">{text(score_text(cell.score))}</span>'
    return (
        f'<article class="cell" id="s{at[0]}c{at[1]}" data-facts="{escape(_facts(cell, at[1]))}">'
        f'<div class="view">{pictures}</div>\n<div class="caption">'
        f'<div class="row"><h3><bdi>{text(cell.name)}</bdi></h3>{score}'
        f'<span class="badge reference" hidden>reference</span></div>\n'
        f"{_chips(cell.differences)}{_notes((*cell.notes, *look.problems))}"
        f'<div class="acts"><button type="button" class="main" data-act="choose" aria-pressed="false">'
        f'Choose</button>\n<button type="button" data-act="details" aria-haspopup="dialog">'
        f"Details</button></div></div>\n"
        f'<details class="more"><summary>Parameters</summary>\n<p class="label">{text(cell.label)}</p>\n'
        f"{_parameters(cell)}"
        f'<pre class="toml">{text_of_lines(_fragment(sheet, source, cell))}</pre></details></article>\n'
    )


def _fragment(sheet: Sheet, source: SheetSource, cell: SheetCell) -> str:
    return fragment(
        cell.parameters,
        medium=visible(f"{source.name} ({cell.name})"),
        differences=cell.differences,
        made_at=sheet.made_at,
        label=cell.label,
    )


def _facts(cell: SheetCell, order: int) -> str:
    """Return what the page filters, sorts and computes by."""
    values = {
        short_name(name): {
            "text": value_text(value),
            "sort": number(value),
        }
        for name, value in cell.parameters.items()
    }
    facts = {
        "order": order,
        "score": number(cell.score),
        "values": values,
        "changed": [short_name(name) for name in cell.differences],
        "background": background_of(cell),
    }
    return json.dumps(facts, ensure_ascii=True, separators=(",", ":"))


def _image(layer: str, picture: Embedded, alt: str, *, hidden: bool = False) -> str:
    width, height = picture.size
    return (
        f'<img data-layer="{layer}" src="{picture.uri}" width="{width}" height="{height}" alt="{text(alt)}"'
        f' loading="lazy" decoding="async"{" hidden" if hidden else ""}>\n'
    )


def _window_frame(look: SourceLook) -> str:
    """Return the outline of the part in which edges are compared."""
    width, height = look.window.size
    left, top, right, bottom = look.window.box
    place = f'x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"'
    return (
        f'<svg class="frame" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<rect class="dark" {place}/><rect {place}/></svg>'
    )


def _chips(differences: Mapping[str, Any]) -> str:
    if not differences:
        return '<ul class="chips"><li class="none">all defaults</li></ul>\n'
    items = (
        f"<li>{_swatch(name, value)}{text(short_name(name))} <b>{text(value_text(value))}</b></li>"
        for name, value in differences.items()
    )
    return f'<ul class="chips" aria-label="Differences from the defaults">{"".join(items)}</ul>\n'


def _parameters(cell: SheetCell) -> str:
    rows = []
    for name, value in cell.parameters.items():
        changed = name in cell.differences
        default = text(value_text(DEFAULTS[name])) if name in DEFAULTS else "none documented"
        rows.append(
            f'<tr class="{"changed" if changed else "default"}"><th scope="row">{text(short_name(name))}'
            f'<span class="unseen">{", changed" if changed else ""}</span></th>'
            f"<td>{_swatch(name, value)}{text(value_text(value))}</td><td>{default}</td></tr>"
        )
    return (
        '<table class="params"><thead><tr><th scope="col">parameter</th><th scope="col">value</th>'
        f'<th scope="col">default</th></tr></thead><tbody>{"".join(rows)}</tbody></table>\n'
    )


def _swatch(name: str, value: Any) -> str:
    colour = colour_of(name, value)
    if colour is None:
        return ""
    fill = "rgb({},{},{})".format(*colour)
    square = f'<rect width="1" height="1" fill="{fill}"/>'
    return f'<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true">{square}</svg>'


def _notes(notes: Iterable[str]) -> str:
    items = "".join(f"<li>{text(note)}</li>" for note in notes)
    return f'<ul class="notes">{items}</ul>\n' if items else ""


def _pages(page: int, names: Sequence[str]) -> str:
    if len(names) < 2:
        return ""
    links = "".join(
        f'<a href="{link(name)}"{" aria-current=page" if number == page else ""}>{number + 1}</a>'
        for number, name in enumerate(names)
    )
    return f'<nav class="pages" aria-label="Pages">Pages {links} <span>filters hold for one page</span></nav>'


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its places filled, in one pass: what is filled in is not looked at again."""
    first, *rest = template.split("{{")
    parts = [first]
    for piece in rest:
        name, _, after = piece.partition("}}")
        parts += [values[name], after]
    return "".join(parts)


@cache
def _script() -> str:
    bodies = "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)
    return f'"use strict";\n(() => {{\n{bodies}}})();\n'


@cache
def _asset(name: str) -> str:
    return files("avatar_async.media.sheet").joinpath("page", name).read_text("utf-8")
