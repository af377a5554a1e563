"""Processor time for one invoice of one page: our press, naive WeasyPrint, warm headless Chromium.

    python -m bench.press [--json] [--lines 5] [--rounds 5] [--documents 12]

All of them print the same page, turn by turn in one run, so that a busy machine is busy for all.
Ours is the whole order: template, QR code, PDF, reading it back. Naive is `HTML(…).write_pdf()`
alone, on HTML made before: once with the very font files that ours uses, and once with the typeface
as Debian installs it, of which ours are subsets. Chromium is `page.pdf()` in a browser that is open
already; only its own processes count, not the driver's. What our children do for an invoice is then
done once more in this process, step by step, to tell the steps apart.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import logging
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright
from weasyprint import HTML

from worker.adapters.mjml_words import WordsPress
from worker.adapters.pikepdf_pages import read_back
from worker.adapters.press_samples import full_sheet, sample_order
from worker.adapters.qr_codes import qr_png
from worker.adapters.templating import TemplateSet
from worker.adapters.weasyprint_printer import Printer
from worker.adapters.zygote_press import ZygotePress
from worker.businesses import MailRules, Rules
from worker.delivery.samples import samples
from worker.documents.sheet import Sheet

TEMPLATES = Path(__file__).parents[1] / "templates"
FULL_FONTS = Path("/usr/share/fonts/opentype/inter")
TARGET_OF_NAIVE = 0.65
_RULES = Rules(key="acme", name="Acme", mail=MailRules(from_address="billing@acme.example"))
Print = Callable[[Sheet], bytes]
Clock = Callable[[], float]


def measure(*, lines: int = 5, rounds: int = 5, documents: int = 12) -> dict[str, Any]:
    """Median milliseconds of processor time per document and tool, and what was promised."""
    with _ours() as ours, _naive() as naive, _naive(FULL_FONTS) as full, _chromium() as chromium:
        tools = {"ours": ours, "naive": naive, "naive, full fonts": full, "chromium": chromium}
        figures: dict[str, list[float]] = {name: [] for name in tools}
        sizes: dict[str, int] = {}
        for number in range(rounds + 1):
            for name, (clock, print_one) in tools.items():
                began = clock()
                for nth in range(documents):
                    sizes[name] = len(print_one(_sheet(number * documents + nth, lines)))
                if number:  # The first round warms all of them up.
                    figures[name].append((clock() - began) / documents * 1000)
    cpu_ms = {name: round(statistics.median(each), 1) for name, each in figures.items()}
    return {
        "lines": lines,
        "cpu_ms": cpu_ms,
        "steps_cpu_ms": _steps(lines, rounds * documents),
        "size_bytes": sizes,
        "of_naive": round(cpu_ms["ours"] / cpu_ms["naive"], 2),
        "of_naive_full_fonts": round(cpu_ms["ours"] / cpu_ms["naive, full fonts"], 2),
        "of_chromium": round(cpu_ms["ours"] / cpu_ms["chromium"], 2),
        "holds": cpu_ms["ours"] < cpu_ms["chromium"]
        and cpu_ms["ours"] <= TARGET_OF_NAIVE * cpu_ms["naive"],
    }


def _sheet(number: int, lines: int = 5) -> Sheet:
    """The sample invoice under another number, so that nothing can be kept from the last."""
    sheet = full_sheet(lines=lines)
    named = replace(sheet.invoice, number=f"RE-2026-{number:05d}")
    return replace(sheet, invoice=named)


def _steps(lines: int, documents: int) -> dict[str, float]:
    """Median milliseconds of processor time for each thing that a child does for an invoice."""
    folder = str(TEMPLATES)
    templates, printer = TemplateSet(folder), Printer(folder)
    words = WordsPress(templates)
    letter = next(each for each in samples(_RULES, folder, "shipped") if each.template == "invoice")
    context = letter.context | {"language": letter.language}
    spent: dict[str, list[float]] = {}
    for number in range(documents):
        order = sample_order(_sheet(number, lines), "invoice", template_dir=folder)
        watch = _Watch(spent)
        html = templates.render("pdf/invoice/page.html", order.context)
        watch.lap("fill in the page")
        pdf = printer.print("invoice", html, qr_text=order.qr_text, attachments=(), xmp=None)
        watch.lap("print")
        read_back(pdf, must_show=order.must_show, must_link=order.must_link)
        watch.lap("read back")
        words.compose("invoice", context)
        watch.lap("compose the email")
    return {step: round(statistics.median(each[2:]), 1) for step, each in spent.items()}


class _Watch:
    def __init__(self, spent: dict[str, list[float]]) -> None:
        self._spent, self._began = spent, time.process_time()

    def lap(self, step: str) -> None:
        now = time.process_time()
        self._spent.setdefault(step, []).append((now - self._began) * 1000)
        self._began = now


@contextlib.contextmanager
def _ours() -> Iterator[tuple[Clock, Print]]:
    with ZygotePress(size=1) as press:
        press.start()

        def print_one(sheet: Sheet) -> bytes:
            printed = press.print_pdf(sample_order(sheet, "invoice", template_dir=str(TEMPLATES)))
            assert (printed.pages, printed.missing) == (1, ()), "not one page, or not all on it"
            return printed.pdf

        print_one(_sheet(0))
        family = [p for p in psutil.Process().children(recursive=True) if "python" in p.name()]
        yield (lambda: time.process_time() + sum(_cpu_s(each) for each in family)), print_one


@contextlib.contextmanager
def _naive(fonts: Path | None = None) -> Iterator[tuple[Clock, Print]]:
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    page = _pages(fonts)
    spent = 0.0

    def print_one(sheet: Sheet) -> bytes:
        nonlocal spent
        html = page(sheet)
        began = time.process_time()
        pdf: bytes = HTML(string=html).write_pdf()
        spent += time.process_time() - began
        return pdf

    yield (lambda: spent), print_one


@contextlib.contextmanager
def _chromium() -> Iterator[tuple[Clock, Print]]:
    page = _pages()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        tab = browser.new_page()
        file = Path(folder) / "page.html"

        def print_one(sheet: Sheet) -> bytes:
            file.write_text(page(sheet))
            tab.goto(file.as_uri())
            return tab.pdf(prefer_css_page_size=True, print_background=True)

        yield _chromium_cpu_s, print_one
        browser.close()


def _chromium_cpu_s() -> float:
    spent = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "chrom" in process.name():
                times = process.cpu_times()
                ended_children = times.children_user + times.children_system
                spent += times.user + times.system + ended_children
    return spent


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _pages(fonts: Path | None = None) -> Callable[[Sheet], str]:
    """The same page as one string: style inside, fonts by file address, the QR code as data."""
    templates = TemplateSet(str(TEMPLATES))
    sheets = [TEMPLATES / "pdf" / "base.css", TEMPLATES / "pdf" / "invoice" / "page.css"]
    style = "\n".join(path.read_text("utf-8") for path in sheets)
    style = style.replace('url("pdf/', f'url("{TEMPLATES.as_uri()}/pdf/')
    if fonts:
        for face in ("Regular", "SemiBold"):
            ours, theirs = (
                TEMPLATES / "pdf/fonts" / f"Inter-{face}.ttf",
                fonts / f"Inter-{face}.otf",
            )
            style = style.replace(ours.as_uri(), theirs.as_uri())

    def page(sheet: Sheet) -> str:
        html = templates.render("pdf/invoice/page.html", sheet.context())
        code = base64.b64encode(qr_png(sheet.link.url if sheet.link else "")).decode("ascii")
        html = html.replace('src="qr.png"', f'src="data:image/png;base64,{code}"')
        return html.replace("</head>", f"<style>{style}</style></head>")

    return page


def main() -> None:
    """Print the figures as a table, or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lines", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--documents", type=int, default=12)
    options = parser.parse_args()
    figures = measure(lines=options.lines, rounds=options.rounds, documents=options.documents)
    if options.json:
        print(json.dumps(figures))
        return
    for name, cpu_ms in figures["cpu_ms"].items():
        print(f"{name:18} {cpu_ms:8.1f} ms CPU  {figures['size_bytes'][name]:8} bytes")
    for step, cpu_ms in figures["steps_cpu_ms"].items():
        print(f"  of ours, {step:18} {cpu_ms:6.1f} ms CPU")
    print(f"ours / naive {figures['of_naive']} (at most {TARGET_OF_NAIVE}),", end=" ")
    print(f"ours / naive, full fonts {figures['of_naive_full_fonts']},", end=" ")
    print(f"ours / chromium {figures['of_chromium']} (below 1)")


if __name__ == "__main__":
    main()
