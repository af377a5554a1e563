"""Processor time to read one file, by kind, in a warm pool of reader children.

    python -m bench.reading [--json] [--rounds 5] [FILE…]

The children's own time counts, and that of the programs they start (OCR); their start-up does not.
Without files our own samples are read: e-invoices, mails, mails with PDFs, plain PDFs, a scan.
Given files are measured as one more kind.
"""

from __future__ import annotations

import argparse
import json
import statistics
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psutil

from tests.readers.papers import papers
from tests.readers.samples import FILES
from tests.readers.test_scans import scan_of
from worker.adapters.zygote_reader import ZygoteReader
from worker.kernel.errors import PermanentError

MAILS = FILES.parent / "mail"
TARGETS = {"xml": 5.0, "mail": 6.0, "mail with PDF": 30.0, "plain PDF page": 25.0, "scan": 3000.0}


def measure(*, rounds: int = 5, files: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Median milliseconds of processor time per file of each kind, and what was promised."""
    kinds = _samples()
    if files:
        kinds["given files"] = [path.read_bytes() for path in files]
    with ZygoteReader(size=1) as reader:
        reader.start()
        figures = {kind: _cpu_ms(reader, sources, rounds) for kind, sources in kinds.items()}
    met = {kind: figures[kind] <= target for kind, target in TARGETS.items()}
    return {"cpu_ms": figures, "targets": TARGETS, "met": met}


def _samples() -> dict[str, list[bytes]]:
    pages = [paper.pdf() for paper in papers(9) if paper.special != "pages"]
    mails = [path.read_bytes() for path in sorted(MAILS.iterdir())]
    return {
        "xml": [path.read_bytes() for path in sorted(FILES.glob("invoice_*.xml"))],
        "mail": mails,
        "mail with PDF": [_mail_with(page) for page in pages],
        "plain PDF page": pages,
        "scan": [scan_of((FILES / "plain" / "german_window.txt").read_text("utf-8"))],
    }


def _mail_with(page: bytes) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Bea <bea@seller.example>", "invoices@worker.example"
    mail["Subject"] = "Fwd: your invoice"
    mail.set_content("Please send this on.\n\nBea\n")
    mail.add_attachment(page, maintype="application", subtype="pdf", filename="invoice.pdf")
    return mail.as_bytes()


def _cpu_ms(reader: ZygoteReader, sources: list[bytes], rounds: int) -> float:
    """The median over the rounds; a first one, which loads what the kind needs, is left out."""
    spent = []
    for _ in range(rounds + 1):
        began = _children_cpu_s()
        for data in sources:
            try:
                reader.examine(data)
            except PermanentError:
                continue  # A file that kills its child takes time as well.
        spent.append((_children_cpu_s() - began) / len(sources) * 1000)
    return round(statistics.median(spent[1:]), 1)


def _children_cpu_s() -> float:
    """The time of every process below this one, ended ones among their children included."""
    spent = 0.0
    for process in psutil.Process().children(recursive=True):
        times = process.cpu_times()
        spent += times.user + times.system + times.children_user + times.children_system
    return spent


def main() -> None:
    """Print the figures as a table, or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("files", type=Path, nargs="*")
    options = parser.parse_args()
    result = measure(rounds=options.rounds, files=tuple(options.files))
    if options.json:
        print(json.dumps(result))
        return
    for kind, cpu_ms in result["cpu_ms"].items():
        print(f"{kind:16} {cpu_ms:8.1f} ms CPU  (at most {TARGETS.get(kind, '-')})")


if __name__ == "__main__":
    main()
