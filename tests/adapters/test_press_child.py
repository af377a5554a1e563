"""The press on its real templates: what it prints, what it refuses, what it survives."""

from __future__ import annotations

import io
import shutil
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest

from worker.adapters import pdf_words, pikepdf_pages
from worker.adapters.press_samples import bare_sheet, full_sheet, sample_order
from worker.adapters.templating import TemplateSet
from worker.adapters.weasyprint_printer import Printer, embedded
from worker.adapters.zygote_press import ZygotePress
from worker.documents.ports import Attachment, PrintOrder
from worker.documents.sheet import CustomerFace, Sheet
from worker.kernel.errors import PermanentError

TEMPLATES = Path(__file__).parents[2] / "templates"
_SVG = b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    b'<image href="file:///etc/hostname" width="9" height="9"/></svg>'
).decode("ascii")
EditedSet = Callable[..., PrintOrder]


@pytest.fixture
def edited(tmp_path: Path) -> EditedSet:
    """An order for the sample invoice on a copy of the templates with some files changed."""

    def order(**changes: str) -> PrintOrder:
        folder = tmp_path / "set"
        shutil.copytree(TEMPLATES, folder)
        for name, text in changes.items():
            path = folder / "pdf" / "invoice" / name.replace("_", ".")
            path.write_text(text)
        sheet = full_sheet(lines=2)
        return sample_order(sheet, "invoice", template_dir=str(folder), set_hash=str(tmp_path))

    return order


def order_of(sheet: Sheet, template: str = "invoice") -> PrintOrder:
    return sample_order(sheet, template, template_dir=str(TEMPLATES))


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    return " ".join(text.split())


def pdf_with(pages: list[tuple[int, int]], **root: Any) -> bytes:
    with pikepdf.new() as pdf:
        for width, height in pages:
            pdf.add_blank_page(page_size=(width, height))
        for key, value in root.items():
            pdf.Root[f"/{key}"] = value
        out = io.BytesIO()
        pdf.save(out)
        return out.getvalue()


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ["Invoice", "6 December 2026", "€6,959.30", "19%", "0.385", "Page 1 of 1"]),
        ("de", ["Rechnung", "6. Dezember 2026", "6.959,30 €", "19 %", "0,385", "Seite 1 von 1"]),
        ("en-US", ["Invoice", "December 6, 2026", "€6,959.30"]),
    ],
)
def test_an_invoice_is_printed_in_the_language_of_its_reader(
    press: ZygotePress, language: str, shown: list[str]
) -> None:
    printed = press.print_pdf(order_of(full_sheet(language=language)))
    text = text_of(printed.pdf)
    assert [word for word in shown if word not in text] == []
    assert (printed.pages, printed.missing) == (1, ())


@pytest.mark.parametrize("template", ["invoice", "payment_sheet", "credit_request"])
def test_a_long_name_runs_into_the_next_line_and_not_over_its_neighbour(
    press: ZygotePress, template: str
) -> None:
    name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    sheet = full_sheet(lines=1)
    sheet = replace(sheet, invoice=replace(sheet.invoice, customer=CustomerFace(name)))
    text = text_of(press.print_pdf(order_of(sheet, template)).pdf)
    assert name not in text
    assert name in text.replace(" ", "")


@pytest.mark.parametrize(("rates", "shown"), [(("19", "19"), False), (("19", "7"), True)])
def test_rates_have_a_column_where_lines_differ_in_them(
    rates: tuple[str, ...], shown: bool
) -> None:
    sheet = full_sheet(lines=2)
    lines = tuple(
        replace(line, tax_rate=Decimal(rate))
        for line, rate in zip(sheet.invoice.lines, rates, strict=True)
    )
    sheet = replace(sheet, invoice=replace(sheet.invoice, lines=lines))
    html = TemplateSet(str(TEMPLATES)).render("pdf/invoice/page.html", sheet.context())
    assert ('class="rate"' in html, "<td>7%</td>" in html) == (shown, shown)


def test_many_lines_run_over_pages_under_a_repeated_head(press: ZygotePress) -> None:
    printed = press.print_pdf(order_of(full_sheet(lines=60)))
    text = text_of(printed.pdf)
    assert printed.pages == text.count("Unit price") == 3
    assert "Page 3 of 3" in text


@pytest.mark.parametrize("template", ["invoice", "payment_sheet"])
def test_a_document_with_nothing_to_pay_asks_for_nothing(press: ZygotePress, template: str) -> None:
    printed = press.print_pdf(order_of(bare_sheet(), template))
    text = text_of(printed.pdf)
    assert "in your favour" in text
    assert "Pay " not in text
    assert b"/URI" not in printed.pdf


def test_the_same_order_makes_the_same_bytes(press: ZygotePress) -> None:
    order = order_of(full_sheet(lines=3))
    assert press.print_pdf(order).pdf == press.print_pdf(order).pdf


@pytest.mark.filterwarnings("ignore:.*sRGB2014:ResourceWarning")  # Left open by WeasyPrint.
@pytest.mark.parametrize(
    ("template", "lines", "words", "embeds"),
    [
        ("invoice", 22, "", b""),
        ("payment_sheet", 1, "", b"<Invoice/>"),
        ("invoice", 1, "<ul><li>a</ul>", b""),
    ],
)
def test_the_fast_way_prints_what_weasyprint_itself_prints(
    template: str, lines: int, words: str, embeds: bytes
) -> None:
    """Ours takes short cuts through WeasyPrint 70: a new version must not change what comes out."""
    html = TemplateSet(str(TEMPLATES)).render(
        f"pdf/{template}/page.html", full_sheet(lines=lines).context()
    )
    html = html.replace("</body>", f"{words}</body>")

    def print_with(printer: Printer, page: str) -> bytes:
        url = "https://example.com"
        files = [embedded("a.xml", embeds, "Alternative", "")] if embeds else []
        return printer.print(template, page, qr_text=url, attachments=files, xmp=None)

    fast = Printer(str(TEMPLATES))
    first, again = print_with(fast, html), print_with(fast, html)
    print_with(fast, f"<style>html {{ overflow: hidden; color: red }}</style>{html}")
    last = print_with(fast, html)
    theirs = print_with(Printer(str(TEMPLATES), takes_short_cuts=False), html)
    assert [first == theirs, again == theirs, last == theirs] == [True] * 3


def test_what_the_finished_pdf_does_not_carry_is_reported(press: ZygotePress) -> None:
    order = replace(
        order_of(full_sheet(lines=1)),
        must_show=("RE-2026-00417", "RE-2026-99999"),
        must_link="https://pay.example.com/l/another",
    )
    assert press.print_pdf(order).missing == ("RE-2026-99999", "https://pay.example.com/l/another")


def test_our_own_pages_are_read_quickly_as_any_viewer_reads_them(press: ZygotePress) -> None:
    printed = press.print_pdf(order_of(full_sheet(lines=25, language="de")))
    with pikepdf.open(io.BytesIO(printed.pdf)) as pdf:
        quickly_read = "".join(pdf_words.of_pages(pdf))
    assert "".join(quickly_read.split()) == "".join(text_of(printed.pdf).split())


def test_words_that_another_program_set_are_found_too() -> None:
    with pikepdf.open(io.BytesIO(pdf_with([(300, 400)]))) as pdf:
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        pdf.pages[0].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        pdf.pages[0].Contents = pdf.make_stream(b"BT /F1 12 Tf 9 9 Td (RE-2026-7) Tj ET")
        out = io.BytesIO()
        pdf.save(out)
        assert "".join(pdf_words.of_pages(pdf)) == ""
    found = pikepdf_pages.read_back(out.getvalue(), must_show=("RE-2026-7", "8"), must_link=None)
    assert found == (1, ["8"])


def test_letters_of_any_alphabet_can_be_read_back(press: ZygotePress) -> None:
    names = ["Łódź Żółć", "Ελληνική Εταιρεία", "Українська Фірма", "Nguyễn Văn Ước"]
    sheet = full_sheet(lines=1)
    customer = CustomerFace(names[0], tuple(names[1:]))
    sheet = replace(sheet, invoice=replace(sheet.invoice, customer=customer))
    printed = press.print_pdf(replace(order_of(sheet), must_show=tuple(names)))
    assert printed.missing == ()


def test_values_are_never_read_as_markup_or_template(press: ZygotePress) -> None:
    hostile = "{{ 7*7 }} <script>x</script></style><img src=x> javascript:alert(1)"
    sheet = full_sheet(lines=1)
    customer = replace(sheet.invoice.customer, name=hostile)
    sheet = replace(sheet, invoice=replace(sheet.invoice, customer=customer))
    printed = press.print_pdf(replace(order_of(sheet), must_show=(hostile,)))
    assert printed.missing == ()


def test_the_sellers_pages_follow_the_payment_sheet_in_their_own_sizes(press: ZygotePress) -> None:
    sellers = pdf_with([(300, 400), (842, 595)])
    printed = press.print_pdf(replace(order_of(full_sheet(), "payment_sheet"), behind=sellers))
    with pikepdf.open(io.BytesIO(printed.pdf)) as pdf:
        sizes = [[int(side) for side in page.mediabox[2:]] for page in pdf.pages]
    assert (printed.pages, printed.missing) == (3, ())
    assert sizes[1:] == [[300, 400], [842, 595]]


def test_nothing_in_the_sellers_copy_acts_or_carries_a_file(press: ZygotePress) -> None:
    printed = press.print_pdf(replace(order_of(full_sheet(), "payment_sheet"), behind=_armed_pdf()))
    with pikepdf.open(io.BytesIO(printed.pdf)) as pdf:
        bodies = [obj.unparse() for obj in pdf.objects if isinstance(obj, pikepdf.Dictionary)]
        notes = [note for page in pdf.pages for note in page.get("/Annots", [])]
        links = [str(note.A.URI) for note in notes if "/A" in note]
    whole = b" ".join(bodies)
    for name in (
        b"/JavaScript",
        b"/Launch",
        b"/OpenAction",
        b"/EmbeddedFile",
        b"/AA",
        b"/Filespec",
    ):
        assert name not in whole
    assert "https://seller.example/terms" in links


def _armed_pdf() -> bytes:
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="cmd.exe")
    link = pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://seller.example/terms", Next=launch)
    with pikepdf.open(io.BytesIO(pdf_with([(595, 842)], OpenAction=script))) as pdf:
        pdf.attachments["run.exe"] = b"MZ"
        program = pdf.attachments["run.exe"].obj
        page = pdf.pages[0]
        page.AA = pikepdf.Dictionary(O=script)
        page.Annots = pikepdf.Array(
            pikepdf.Dictionary({"/Subtype": pikepdf.Name(f"/{kind}"), "/Rect": [0, 0, 9, 9]} | more)
            for kind, more in (
                ("Link", {"/A": launch}),
                ("Link", {"/A": link, "/AA": pikepdf.Dictionary(E=script)}),
                ("FileAttachment", {"/FS": program}),
            )
        )
        out = io.BytesIO()
        pdf.save(out)
        return out.getvalue()


def _locked_pdf() -> bytes:
    with pikepdf.open(io.BytesIO(pdf_with([(595, 842)]))) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
        return out.getvalue()


@pytest.mark.parametrize(
    ("sellers", "why"), [(_locked_pdf(), "password"), (b"%PDF-1.7 nothing", "damaged")]
)
def test_sellers_pages_that_cannot_be_copied_are_said_so(
    press: ZygotePress, sellers: bytes, why: str
) -> None:
    with pytest.raises(PermanentError, match=why):
        press.print_pdf(replace(order_of(full_sheet(), "payment_sheet"), behind=sellers))


def test_embedded_files_make_it_pdf_a_3(press: ZygotePress) -> None:
    xmp = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    file = Attachment("factur-x.xml", "text/xml", b"<invoice/>", "Alternative", "The invoice")
    printed = press.print_pdf(replace(order_of(full_sheet()), attachments=(file,), xmp=xmp))
    with pikepdf.open(io.BytesIO(printed.pdf)) as pdf:
        embedded = pdf.attachments["factur-x.xml"]
        assert embedded.get_file().read_bytes() == b"<invoice/>"
        assert str(embedded.obj.AFRelationship) == "/Alternative"
        assert str(embedded.get_file().obj.Subtype) == "/text/xml"
        metadata = pdf.Root.Metadata.read_bytes()
    assert b"<pdfaid:part>3</pdfaid:part>" in metadata or b'pdfaid:part="3"' in metadata
    assert xmp in metadata


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("<p>\n{{ invoice.nummber }}", r"page.html, line 2: .*'nummber'.*mean 'number'"),
        ("\n\n{{ invoise }}", r"page.html, line 3: 'invoise' is undefined Did you mean 'invoice'"),
        ("{% if x %}\n", r"page.html, line \d: .*endif"),
        ("\n{{ invoice.total | moeny }}", r"page.html, line 2: No filter.*mean 'money'"),
        ("{{ t('pdf.titel') }}", r"page.html, line 1: .*no wording 'pdf.titel'"),
        ("{% include 'pdf/_fooder.html' %}", r"no template 'pdf/_fooder.html'"),
        ("{{ ''.__class__ }}", r"page.html, line 1: "),
        ("{{ invoice|attr('keys') }}", r"No filter named 'attr'"),
        ("{{ 'x' * 300000000 }}", r"line 1: '\*' is not for templates"),
        ("{{ 'x'|center(300000000) }}", r"No filter named 'center'"),
        ("{{ '{:>300000000}'.format(1) }}", r"page.html, line 1: "),
        ("{% for a in 'a' %}" * 30 + "{% endfor %}" * 30, r"too many statically nested blocks"),
        ("{{ lipsum(20000) }}", r"'lipsum' is undefined"),
        ("{{ invoice.issue_on | day('purple') }}", r"page.html, line 1: "),
    ],
)
def test_a_template_at_fault_is_named_with_its_line_and_a_suggestion(
    press: ZygotePress, edited: EditedSet, page: str, fault: str
) -> None:
    with pytest.raises(PermanentError, match=fault):
        press.print_pdf(edited(page_html=page))


@pytest.mark.parametrize(
    "page",
    [
        '<img src="file:///etc/hostname">',
        '<img src="http://127.0.0.1:9/x.png">',
        '<img src="../../../../etc/hostname">',
        '<link rel="stylesheet" href="https://example.com/x.css">',
        '<style>@import "file:///etc/hostname"</style>',
        '<style>@font-face{font-family:x;src:url(https://example.com/x.ttf)}</style>',
        '<p style="background:url(ftp://example.com/x.png)">x</p>',
        '<link rel="attachment" href="file:///etc/hostname">',
        f'<img src="data:image/svg+xml;base64,{_SVG}">',
        '<img src="data:text/html;base64,PGI+">',
    ],
)  # fmt: skip
def test_a_page_gets_nothing_but_files_of_its_own_set(
    press: ZygotePress, edited: EditedSet, page: str
) -> None:
    order = edited(page_html=page)
    for _ in range(2):
        with pytest.raises(PermanentError, match="is not a file of the template set"):
            press.print_pdf(order)


def test_a_template_that_never_ends_is_ended(press: ZygotePress, edited: EditedSet) -> None:
    loops = "".join(f"{{% for a{n} in invoice.customer.name %}}" for n in range(15))
    with pytest.raises(PermanentError, match="processor time"):
        press.print_pdf(edited(page_html=loops + "{% endfor %}" * 15))


def test_a_page_nested_without_end_is_set_aside(press: ZygotePress, edited: EditedSet) -> None:
    with pytest.raises(PermanentError, match="nested too deeply"):
        press.print_pdf(edited(page_html="<div>" * 1000))
    assert press.print_pdf(order_of(full_sheet(lines=1))).pages == 1


def test_an_edited_set_is_used_under_its_own_name(press: ZygotePress, edited: EditedSet) -> None:
    order = edited(page_html="<p>{{ invoice.number }} in other words</p>", page_css="p{color:red}")
    printed = press.print_pdf(replace(order, must_link=None))
    assert text_of(printed.pdf) == "RE-2026-00417 in other words"


def test_every_template_can_be_checked_before_it_is_published(
    press: ZygotePress, edited: EditedSet
) -> None:
    order = edited(page_html="{{ invoice.total | moeny }}", other_html="{% endif %}")
    faults = press.check(order.template_dir, "edited")
    assert [fault.partition(":")[0] for fault in faults] == [
        "pdf/invoice/other.html, line 1",
        "pdf/invoice/page.html, line 1",
    ]
    assert press.check(str(TEMPLATES), "shipped") == ()
