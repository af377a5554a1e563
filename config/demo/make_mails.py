"""Makes the demo's forwarded mails and its customer's advice from the files beside this one.

Run it again after a change: `python config/demo/make_mails.py`. The same input gives the same
mails, but for what the PDF library changes. Everything in them is made up.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from textwrap import dedent

from weasyprint import HTML, Attachment

from worker.documents.xmp import factur_x

HERE = Path(__file__).parent
INVOICES = HERE / "invoices"


@dataclass(frozen=True)
class Forward:
    """One mail as the bookkeeper's program writes it."""

    file: str
    subject: str
    date: str
    text: str
    html: str
    name: str
    media_type: str
    content: bytes
    program: tuple[str, str]


def main() -> None:
    """Write the mails, and the PDF that the customer answers two of them with."""
    for forward in (_german_pdf(), _ubl(), _cii()):
        _write(HERE / "mails", forward)
    remittance = HERE / "remittance"
    for number in ("NL-2026-0120", "NL-2026-0121"):
        _write(remittance, _bare(number))
    advice = HTML(filename=str(remittance / "advice.html"))
    (remittance / "advice.pdf").write_bytes(advice.write_pdf(pdf_identifier=b"BW"))


def _write(folder: Path, forward: Forward) -> None:
    folder.mkdir(exist_ok=True)
    (folder / forward.file).write_bytes(_mail(forward).as_bytes())


def _mail(forward: Forward) -> EmailMessage:
    number = forward.name.partition(".")[0].lower()
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Mara Lindqvist <mara@northlight.example>"
    mail["To"] = "invoices@northlight.example"
    mail["Subject"] = forward.subject
    mail["Date"] = forward.date
    mail["Message-ID"] = f"<forward.{number}@northlight.example>"
    mail[forward.program[0]] = forward.program[1]
    mail.set_content(forward.text, cte="quoted-printable")
    mail.add_alternative(forward.html, subtype="html", cte="quoted-printable")
    main_type, _, sub_type = forward.media_type.partition("/")
    mail.add_attachment(forward.content, main_type, sub_type, filename=forward.name)
    for index, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{index}")
    return mail


def _german_pdf() -> Forward:
    """Outlook, in German: a block of header lines under a rule."""
    head = (
        ("Von:", "Northlight Warenwirtschaft <erp@northlight.example>"),
        ("Gesendet:", "Freitag, 20. November 2026 09:12"),
        ("An:", "Mara Lindqvist <mara@northlight.example>"),
        ("Betreff:", "Rechnung NL-2026-0117"),
    )
    lines = "\n".join(f"{name} {value}" for name, value in head)
    rows = "<br>".join(f"<b>{name}</b> {_escaped(value)}" for name, value in head)
    said = "Bitte an den Kunden schicken. Danke!"
    original = "Anbei die Rechnung NL-2026-0117 als ZUGFeRD-PDF."
    return Forward(
        file="1-pdf-factur-x.eml",
        subject="WG: Rechnung NL-2026-0117",
        date="Fri, 20 Nov 2026 09:31:07 +0100",
        text=f"{said}\n\nMara\n\n________________________________\n{lines}\n\n{original}\n",
        html=(
            f'<div><p>{said}</p><p>Mara</p><hr style="display:inline-block;width:98%">'
            f'<div id="divRplyFwdMsg">{rows}</div><p>{original}</p></div>'
        ),
        name="NL-2026-0117.pdf",
        media_type="application/pdf",
        content=_factur_x_pdf(),
        program=("X-Mailer", "Microsoft Outlook 16.0"),
    )


def _ubl() -> Forward:
    """Gmail: a dashed line with words in it."""
    head = dedent(
        """\
        From: Northlight ERP <erp@northlight.example>
        Date: Fri, Nov 20, 2026 at 9:14 AM
        Subject: Invoice NL-2026-0118
        To: Mara Lindqvist <mara@northlight.example>"""
    )
    mark = "---------- Forwarded message ---------"
    original = "Please find attached the e-invoice NL-2026-0118 (UBL)."
    return Forward(
        file="2-ubl.eml",
        subject="Fwd: Invoice NL-2026-0118",
        date="Fri, 20 Nov 2026 09:33:40 +0100",
        text=f"For Atelier Fontaine, please.\n\n{mark}\n{head}\n\n\n{original}\n",
        html=(
            '<div dir="ltr">For Atelier Fontaine, please.</div><br>'
            f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{mark}<br>'
            f"{_escaped(head).replace(chr(10), '<br>')}</div><br><br><p>{original}</p></div>"
        ),
        name="NL-2026-0118.xml",
        media_type="application/xml",
        content=(INVOICES / "NL-2026-0118.xml").read_bytes(),
        program=("X-Google-Smtp-Source", "demo"),
    )


def _cii() -> Forward:
    """Apple Mail: every line quoted."""
    head = (
        ("From:", "Northlight ERP <erp@northlight.example>"),
        ("Subject:", "Invoice NL-2026-0119"),
        ("Date:", "20 November 2026 at 09:15:22 CET"),
        ("To:", "Mara Lindqvist <mara@northlight.example>"),
    )
    mark = "Begin forwarded message:"
    original = "Please find attached the e-invoice NL-2026-0119 (CII)."
    quoted = "\n".join(f"> {name} {value}" for name, value in head)
    rows = "".join(f"<div><b>{name} </b>{_escaped(value)}<br></div>" for name, value in head)
    return Forward(
        file="3-cii.eml",
        subject="Fwd: Invoice NL-2026-0119",
        date="Fri, 20 Nov 2026 09:35:12 +0100",
        text=f"The deposit is already in it.\n\n> {mark}\n> \n{quoted}\n> \n> {original}\n",
        html=(
            "<html><body>The deposit is already in it.<div><br><blockquote type=cite>"
            f"<div>{mark}</div><br>{rows}<br><div>{original}</div></blockquote></div></body></html>"
        ),
        name="NL-2026-0119.xml",
        media_type="text/xml",
        content=(INVOICES / "NL-2026-0119.xml").read_bytes(),
        program=("X-Mailer", "Apple Mail (2.3818.100.11.1.3)"),
    )


def _bare(number: str) -> Forward:
    """A note of the bookkeeper's own with the file: nothing is quoted."""
    said = f"Please send {number} to Brightwater."
    return Forward(
        file=f"{number}.eml",
        subject=f"Invoice {number}",
        date="Fri, 20 Nov 2026 09:41:55 +0100",
        text=f"{said}\n\nMara\n",
        html=f"<p>{said}</p><p>Mara</p>",
        name=f"{number}.xml",
        media_type="application/xml",
        content=(INVOICES / f"{number}.xml").read_bytes(),
        program=("X-Mailer", "Apple Mail (2.3818.100.11.1.3)"),
    )


def _factur_x_pdf() -> bytes:
    """The seller's own page with the XML inside, as its inventory program would print it."""
    xml = (INVOICES / "NL-2026-0117.xml").read_bytes()
    page = HTML(string=(INVOICES / "NL-2026-0117.html").read_text("utf-8"))
    data = Attachment(
        string=xml,
        name="factur-x.xml",
        relationship="Alternative",
        description="Rechnungsdaten im Format Factur-X",
    )
    pdf: bytes = page.write_pdf(
        pdf_variant="pdf/a-3b",
        attachments=[data],
        xmp_metadata=[io.BytesIO(factur_x("EN 16931"))],
        pdf_identifier=b"NL",
    )
    return pdf


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


if __name__ == "__main__":
    main()
