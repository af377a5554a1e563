"""Templates of one published set: a sandbox with few words, strict about every one of them.

Staff write the templates, customers' names and lines fill them. So there are no Python methods, no
filters but the listed ones, no escape from the folder, a bound on what comes out, and an unknown
name stops the document with file, line and the nearest known name (RELIABILITY row 55). Time and
memory are bounded by the child that this runs in.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateNotFound
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from worker.adapters import template_filters
from worker.kernel.errors import PermanentError

MAX_OUTPUT_CHARACTERS = 4_000_000
MAX_TEMPLATE_CHARACTERS = 200_000
_PIECES_AT_ONCE = 100
_FALLBACK_LANGUAGE = "en"
_PLAIN_FILTERS = ("default", "d", "e", "escape", "first", "join", "last", "length", "lower",
                  "replace", "reverse", "select", "sort", "title", "trim", "truncate", "upper",
                  "urlencode")  # fmt: skip
# SyntaxError: more than twenty nested loops, which Python's compiler refuses.
_FAULTS = (TemplateError, ArithmeticError, LookupError, SyntaxError, TypeError, ValueError)
_METHODS = {dict: frozenset({"items", "keys", "values", "get"})}
_NAMES_OF_DICT = frozenset(dir(dict))
_QUOTED = re.compile(r"'([\w.-]+)'")
_PLACE = re.compile(r"\{(\w+)\}")


class TemplateFault(PermanentError):
    """A template cannot be used: which file and line, what is wrong, and what was meant."""

    def __init__(self, file: str, line: int | None, what: str, hint: str = "") -> None:
        where = f"{file}, line {line}" if line else file
        super().__init__(f"{where}: {what} {hint}".rstrip())
        self.file, self.line, self.what, self.hint = file, line, what, hint


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox without methods and without operators that make much from little."""

    wording: Callable[..., str] | None = None
    intercepted_binops = frozenset({"*", "**", "%"})

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, (str, bytes, int, float, list, tuple)):
            return False
        if isinstance(obj, dict):
            return attr in _METHODS[dict]
        return super().is_safe_attribute(obj, attr, value)

    def getattr(self, obj: Any, attribute: str) -> Any:
        # What templates read is nearly always a value of a plain dict.
        if type(obj) is dict and attribute in obj and attribute not in _NAMES_OF_DICT:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        # Ours, and safe: every wording of a page is asked for this way.
        if obj is self.wording:
            return self.wording(*args, **kwargs)
        return super().call(context, obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> None:
        """No `"{:>300000000}".format(…)`: it would be let in before `is_safe_attribute`."""

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if operator == "**" or not numbers:
            raise SecurityError(f"'{operator}' is not for templates, but for two plain numbers.")
        return super().call_binop(context, operator, left, right)


class TemplateSet:
    """The templates and catalogues in a folder. One per set and process; not for two threads."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.catalogues = _catalogues(self.folder / "locale")
        self._environment = _Environment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=_is_markup,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=[],
        )
        kept = {name: self._environment.filters[name] for name in _PLAIN_FILTERS}
        self._environment.filters = kept | template_filters.FILTERS
        self._environment.wording = self._wording()
        self._environment.globals = {"t": self._environment.wording}

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """The text that a template makes of a context; TemplateFault when it cannot."""
        language = str(context.get("language", _FALLBACK_LANGUAGE))
        try:
            template = self._environment.get_template(name)
            with template_filters.speaking(language):
                return _filled_in(template, template.new_context(dict(context)))
        except _FAULTS as error:
            raise self._fault(name, error, context) from error

    def check(self, name: str) -> None:
        """Compile a template without filling it; TemplateFault when that cannot be done."""
        try:
            self._environment.get_template(name)
        except (TemplateError, SyntaxError) as error:
            raise self._fault(name, error, {}) from error

    def _wording(self) -> Any:
        catalogues = self.catalogues

        def t(key: str, /, **values: Any) -> str:
            language = template_filters.language_now()
            for tongue in (language, language.partition("-")[0], _FALLBACK_LANGUAGE):
                wording = catalogues.get(tongue, {}).get(key)
                if wording is not None:
                    return _filled(key, wording, values)
            known = [key for catalogue in catalogues.values() for key in catalogue]
            raise _NoWording(f"There is no wording '{key}' in locale/*.toml. {nearest(key, known)}")

        return t

    def _fault(self, name: str, error: Exception, context: Mapping[str, Any]) -> TemplateFault:
        if isinstance(error, TemplateSyntaxError):
            what = str(error.message)
            named = _QUOTED.search(what)
            hint = nearest(named[1], self._environment.filters) if named else ""
            return TemplateFault(error.name or name, error.lineno, what, hint)
        if isinstance(error, TemplateNotFound):
            return TemplateFault(name, None, f"There is no template '{error.name}'.")
        file, line = self._place_of(error, name)
        quoted = _QUOTED.findall(str(error)) if isinstance(error, UndefinedError) else []
        words = [*_words_of(context), *self._environment.globals]
        return TemplateFault(file, line, str(error), nearest(quoted[-1], words) if quoted else "")

    def _place_of(self, error: Exception, name: str) -> tuple[str, int | None]:
        """The innermost line of a template in the traceback, which Jinja rewrites to that."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            path = Path(frame.filename)
            if path.is_relative_to(self.folder):
                return str(path.relative_to(self.folder)), frame.lineno
        return name, None


class _NoWording(TemplateError):
    """A template asks for a wording that no catalogue has."""


def _is_markup(name: str | None) -> bool:
    return not (name or "").endswith(".txt")


def _filled_in(template: Template, context: Context) -> str:
    """As `template.render`, within bounds: what goes wrong is told by the template's own lines."""
    try:
        return "".join(_bounded(template.root_render_func(context)))
    except _FAULTS:
        return template.environment.handle_exception()


def _bounded(pieces: Iterable[str]) -> Iterator[str]:
    # Counted by the hundred: a page has many hundreds of pieces, and each would cost a step.
    size, rest = 0, iter(pieces)
    while some := tuple(islice(rest, _PIECES_AT_ONCE)):
        text = "".join(some)
        size += len(text)
        if size > MAX_OUTPUT_CHARACTERS:
            raise SecurityError(f"It makes more than {MAX_OUTPUT_CHARACTERS} characters.")
        yield text


def _filled(key: str, wording: str, values: Mapping[str, Any]) -> str:
    """The wording with `{name}` replaced; values are put in once and never read as wording."""

    def value_of(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise _NoWording(f"The wording '{key}' needs {match[1]}=….")
        return str(values[match[1]])

    return _PLACE.sub(value_of, wording)


def _catalogues(folder: Path) -> dict[str, dict[str, str]]:
    """Language to flat key to wording. Tables only group: `[pdf]` and `title` make `pdf.title`."""
    found = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            found[path.stem] = dict(_flat("", tomllib.loads(path.read_text("utf-8"))))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise TemplateFault(f"locale/{path.name}", None, str(error)) from error
    return found


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield prefix + key, str(value)


def _words_of(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _words_of(inner)
    elif isinstance(value, list):
        for inner in value[:3]:
            yield from _words_of(inner)


def nearest(word: str, known: Iterable[str]) -> str:
    """A question with the known word that is nearest to a wrong one, or nothing."""
    near = difflib.get_close_matches(word, sorted(set(known)), n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else ""
