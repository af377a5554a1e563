"""FatturaPA, EDIFACT and signed files."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given
from hypothesis import strategies as st

from tests.readers.samples import sample
from worker import readers
from worker.readers import edifact_segments, signed_files
from worker.readers.model import DocType


def test_a_fatturapa_file_may_hold_several_invoices() -> None:
    examined = readers.examine(sample("invoice_fatturapa.xml"))
    first, second = examined.reading.invoices
    assert (first.number, second.number) == ("41/A", "42/A")
    assert (first.doc_type, second.doc_type) == (DocType.INVOICE, DocType.CREDIT_NOTE)
    assert (first.seller.name, first.seller.vat_id) == ("Officina del Faro S.r.l.", "IT00000000019")
    assert first.buyer.name == "Mario Rossi"


def test_fatturapa_asks_for_the_total_without_the_tax_withheld() -> None:
    first, second = readers.examine(sample("invoice_fatturapa.xml")).reading.invoices
    assert (str(first.grand_total), str(first.total)) == ("1220.00", "1020.00")
    assert (str(second.grand_total), str(second.total)) == ("12.20", "12.20")


def test_of_instalments_the_first_day_is_the_due_date() -> None:
    invoice = readers.examine(sample("invoice_fatturapa.xml")).reading.invoices[0]
    assert invoice.due_date == dt.date(2026, 11, 5)


def test_edifact_says_every_term() -> None:
    examined = readers.examine(sample("invoice_edifact.edi"))
    (invoice,) = examined.reading.invoices
    assert (invoice.number, invoice.issue_date) == ("LH-2026-0119", dt.date(2026, 11, 2))
    assert (str(invoice.total), invoice.due_date) == ("35.70", dt.date(2026, 12, 2))
    assert invoice.seller.name == "Lighthouse Tools GmbH Dept. 'North'"
    assert (invoice.seller.vat_id, invoice.buyer.name) == ("DE000000009", "Fjord Bikes AS")
    assert invoice.lines[0].name == "Lamp oil 2+1 offer"
    assert examined.reading.warnings == ()


def test_a_wrong_sum_in_edifact_is_held() -> None:
    examined = readers.examine(sample("invoice_edifact.edi", ("MOA+9:35,70", "MOA+9:53,70")))
    assert [p.rule for p in examined.invoice_problems[0] if p.holds] == ["BR-CO-16"]


@given(st.text(st.sampled_from("AB+:?' \n"), max_size=60))
def test_every_text_survives_the_release_character(text: str) -> None:
    written = "".join(f"?{c}" if c in "+:?'" else c for c in text)
    data = f"UNB+UNOA:1'UNH+1+INVOIC:D'FTX+{written}|'UNT+1+1'".encode()
    ((segment,),) = [m.segments for m in edifact_segments.messages(data)]
    assert segment.elements[0][0].strip() == f"{text}|".strip()


@pytest.mark.parametrize("end", [40, 90, 200, 400])
def test_edifact_cut_off_says_so(end: int) -> None:
    reading = readers.examine(sample("invoice_edifact.edi")[:end]).reading
    assert reading.invoices == ()


def signed(content: bytes) -> bytes:
    """The content signed by a key of ours, as CAdES does: inside the envelope."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Mario Rossi")])
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + dt.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


@pytest.mark.parametrize("encode", [bytes, base64.b64encode, base64.encodebytes])
def test_a_signed_invoice_is_read_and_says_that_nobody_verified_it(
    encode: Callable[[bytes], bytes],
) -> None:
    data = encode(signed(sample("invoice_fatturapa.xml")))
    reading = readers.examine(data).reading
    assert [invoice.number for invoice in reading.invoices] == ["41/A", "42/A"]
    assert any("signature was not verified" in warning for warning in reading.warnings)


def _ber(tag: int, *inner: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(inner) + b"\0\0"


def test_content_in_pieces_of_unknown_length_is_put_together() -> None:
    pieces = _ber(0x24, b"\x04\x03<a>", _ber(0x24, b"\x04\x04</a>"))
    oid = bytes.fromhex("06092a864886f70d010701")
    signed_data = _ber(0x30, b"\x02\x01\x01", b"\x31\x00", _ber(0x30, oid, _ber(0xA0, pieces)))
    data = _ber(0x30, bytes.fromhex("06092a864886f70d010702"), _ber(0xA0, signed_data))
    assert signed_files.content(data) == b"<a></a>"


def test_a_signed_file_cut_anywhere_is_refused() -> None:
    data = signed(b"<a/>" * 50)
    for end in range(len(data) - 1):
        if signed_files.is_signed(data[:end]):
            with pytest.raises(signed_files.NotSigned):
                signed_files.content(data[:end])


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused_or_opened(data: bytes) -> None:
    start = bytes.fromhex("3080 06092a864886f70d010702")
    with contextlib.suppress(signed_files.NotSigned):
        signed_files.content(start + data)
