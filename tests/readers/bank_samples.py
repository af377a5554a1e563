"""Small bank files written by the tests themselves."""

from __future__ import annotations

CAMT_053 = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.{:02d}"

OPENING, CLOSING = "OPBD", "CLBD"


def balance(kind: str, amount: str, side: str = "CRDT", currency: str = "EUR") -> str:
    """A Bal element."""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"<Dt><Dt>2026-11-02</Dt></Dt></Bal>"
    )


def entry(amount: str, side: str = "CRDT", inside: str = "", currency: str = "EUR") -> str:
    """An Ntry element; `inside` stands at its end."""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"<Sts>BOOK</Sts><BookgDt><Dt>2026-11-02</Dt></BookgDt>{inside}</Ntry>"
    )


def camt(*parts: str, version: int = 8, report: str = "Stmt", head: str = "") -> bytes:
    """A camt.053 (or another report) of one statement with these parts."""
    return camt_of([statement(*parts, report=report)], version=version, head=head)


def statement(*parts: str, report: str = "Stmt", iban: str = "DE02120300000000202051") -> str:
    """A Stmt element with these parts."""
    account = f"<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    return f"<{report}><Id>S1</Id>{account}{''.join(parts)}</{report}>"


def camt_of(statements: list[str], *, version: int = 8, head: str = "") -> bytes:
    """A camt.053 of these statements."""
    body = f"<BkToCstmrStmt><GrpHdr/>{''.join(statements)}</BkToCstmrStmt>"
    namespace = CAMT_053.format(version)
    return f'<?xml version="1.0"?>{head}<Document xmlns="{namespace}">{body}</Document>'.encode()


def mt940(*lines: str, opening: str = "C261101EUR100,00", closing: str | None = None) -> bytes:
    """An MT940 of one message with these lines."""
    end = [f":62F:{closing}"] if closing else []
    head = [":20:STARTUMS", ":25:12345678/1020304050", ":28C:1/1", f":60F:{opening}"]
    return "\r\n".join([*head, *lines, *end, "-", ""]).encode("cp1252")
