"""What the elements of a template set look like, computed once for all its documents.

WeasyPrint computes a property of an element when it is first asked for, anew in every document:
that is a fifth of its time. Elements that the same rules match under the same parents come out the
same, so what was computed is kept in moulds and filled into the styles of the next document.

No document ever holds a mould. WeasyPrint changes the styles of a document while it lays it out,
and one document must not change another; moulds compute their values themselves.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Any

from tinycss2.ast import Node  # type: ignore[import-untyped]
from weasyprint import DEFAULT_OPTIONS
from weasyprint.css import ComputedStyle, StyleFor
from weasyprint.document import Document
from weasyprint.layout import LayoutContext

# Lengths that depend on the size of the first page, which each document has for itself.
OF_THE_PAGE = re.compile(r"\d[pdsl]?v(?:w|h|i|b|min|max)\b", re.IGNORECASE)
_MAX_MOULDS = 1000


class Moulds:
    """The styles of one template set. Not for two threads."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self._of: dict[int, tuple[Any, Any]] = {}

    def render(self, page: Any, fonts: Any, options: dict[str, Any]) -> Document:
        """What the page's own `render` gives, in less time; the page holds us as `moulds`."""
        return _Moulded._render(page, fonts, None, None, DEFAULT_OPTIONS | options)

    def learn(self) -> None:
        """Have the moulds compute what this document asked for and they do not have yet."""
        for style, mould in self._of.values():
            _compute(mould, style)
            if "anonymous_style" in vars(style):
                _compute(mould.anonymous_style, style.anonymous_style)

    def forget(self) -> None:
        """Let go of this document's own styles."""
        self._of.clear()
        if len(self._known) >= _MAX_MOULDS:
            self._known.clear()

    def fill(self, styles: Iterable[Any]) -> None:
        """Give each style, parents first, what was computed for such a one before."""
        for style in styles:
            if id(style) in self._of:
                continue
            mould = self._mould(style)
            if mould is None:
                continue
            self._of[id(style)] = style, mould
            style.update(mould)
            style.specified.update(mould.specified)
            if "anonymous_style" in vars(mould):
                style.anonymous_style.update(mould.anonymous_style)

    def _mould(self, style: Any) -> Any:
        """The mould that a style fits in; none where that cannot be told."""
        root, parent = style.root_style, None
        if style.parent_style is not None:
            nobody = None, None
            _, parent = self._of.get(id(style.parent_style), nobody)
            _, root = self._of.get(id(root), nobody)
            if parent is None or root is None:
                return None
        key = id(parent), style.pseudo_type, _declared(style.cascaded)
        try:
            mould = self._known.get(key)
        except TypeError:  # A value that has no hash.
            return None
        if mould is None and len(self._known) < _MAX_MOULDS:
            mould = self._known[key] = ComputedStyle(
                parent, dict(style.cascaded), style.pseudo_type, root,
                style.base_url, style.font_config, style.initial_page_sizes,
            )  # fmt: skip
        return mould


def _compute(mould: Any, style: Any) -> None:
    if len(style) > len(mould):
        for name in style.keys() - mould.keys():
            mould[name]


def _declared(cascaded: dict[str, Any]) -> Hashable:
    return tuple(
        (name, _plain(value), *weight[:2], *weight[2]) for name, (value, weight) in cascaded.items()
    )


def _plain(value: Any) -> Any:
    """A declared value as one that equals the same words declared in another document."""
    if isinstance(value, list):
        return tuple(map(_plain, value))
    if isinstance(value, set):
        return frozenset(value)
    return value.serialize() if isinstance(value, Node) else value


class _Moulded(Document):  # type: ignore[misc]
    """A document whose styles come from the moulds of its page."""

    @classmethod
    def _build_layout_context(cls, page: Any, *others: Any) -> LayoutContext:
        context = super()._build_layout_context(page, *others)
        page.moulds.fill(context.style_for.get_computed_styles().values())
        context.style_for = _PageStyles(context.style_for, page.moulds)
        return context


class _PageStyles(StyleFor):  # type: ignore[misc]
    """The styles of a document, which grow by those of its sheets of paper as they are laid out."""

    def __init__(self, made: StyleFor, moulds: Moulds) -> None:
        self.__dict__.update(vars(made))
        self._moulds = moulds

    def set_computed_styles(self, element: Any, *others: Any, **named: Any) -> None:
        super().set_computed_styles(element, *others, **named)
        style = self.get_computed_styles()[element, named.get("pseudo_type")]
        self._moulds.fill([style])
