"""Payment advices in XML: those of ISO 20022 (remt.001, pain.001, pain.002), and UBL's."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from worker.readers import remittance_ubl, xml_trees
from worker.readers.dates import NotADay, iso_day
from worker.readers.model import Problem, Remittance, RemittanceLine
from worker.readers.remittance_iso import purpose
from worker.readers.statements import checked_remittance, money, sum_of
from worker.readers.xml_trees import Names, Node

_MESSAGES = ("RmtAdvc", "CstmrPmtStsRpt", "CstmrCdtTrfInitn")
_METHODS = {"TRF": "bank_transfer", "CHK": "cheque", "DD": "direct_debit", "TRA": "bank_transfer"}
_REJECTED = frozenset({"RJCT", "CANC"})
_OPEN = frozenset({"PDNG", "RCVD", "PATC", "PART"})


@dataclass(frozen=True, slots=True)
class Advice:
    """The payments that a message tells of, and what else a person should know."""

    remittances: tuple[Remittance, ...]
    warnings: tuple[str, ...] = ()


def is_advice(data: bytes) -> bool:
    """Whether the file is XML that begins such a message."""
    if not xml_trees.looks_like_xml(data):
        return False
    head = xml_trees.start_text(data, 8192)
    return "RemittanceAdvice-2" in head or any(f"{name}>" in head for name in _MESSAGES)


def read(data: bytes) -> Advice | None:
    """What the message says; None where it is another one after all. RefusedXml if unsafe."""
    root = xml_trees.parse(data)
    if root.tag == remittance_ubl.ROOT:
        return Advice((remittance_ubl.read(root),))
    for element in [root, *root.iter("{*}RmtAdvc", "{*}CstmrPmtStsRpt", "{*}CstmrCdtTrfInitn")]:
        space, _, name = str(element.tag).rpartition("}")
        if name in _MESSAGES:
            problems: list[Problem] = []
            node = Node(element, Names({"c": space.removeprefix("{")}), problems)
            return _READERS[name](node, problems)
    return None


def _remt001(node: Node, problems: list[Problem]) -> Advice:
    found = []
    for info in node.all("c:RmtInf"):
        original = info.first("c:OrgnlPmtInf") or info
        said = purpose(info)
        total, currency = _money(
            original, "c:Amt/c:InstdAmt", "c:InstdAmt", "c:IntrBkSttlmAmt", "c:Amt", "c:RmtAmt"
        )
        found.append(
            Remittance(
                paid_on=_day(original, "c:ReqdExctnDt", "c:IntrBkSttlmDt", "c:ReqdColltnDt"),
                currency=currency or _currency(info),
                total=total if total is not None else sum_of(said.lines),
                method=_METHODS.get(original.text("c:PmtMtd") or "TRF"),
                payer_reference=_reference(original) or info.text("c:RmtId"),
                lines=said.lines or _free(said.creditor_reference or said.text, total),
                payer_name=_name(original, "Dbtr") or node.text("c:GrpHdr/c:InitgPty/c:Nm"),
                payee_name=_name(original, "Cdtr"),
                problems=tuple(problems),
            )
        )
    return Advice(tuple(checked_remittance(each) for each in found))


def _pain001(node: Node, problems: list[Problem]) -> Advice:
    found = []
    for batch in node.all("c:PmtInf"):
        paid_on = _day(batch, "c:ReqdExctnDt")
        for each in batch.all("c:CdtTrfTxInf"):
            said = purpose(each.first("c:RmtInf"))
            total, currency = _money(each, "c:Amt/c:InstdAmt", "c:Amt/c:EqvtAmt/c:Amt")
            found.append(
                Remittance(
                    paid_on=paid_on,
                    currency=currency,
                    total=total,
                    method=_METHODS.get(batch.text("c:PmtMtd") or ""),
                    payer_reference=_given(each.text("c:PmtId/c:EndToEndId")),
                    lines=said.lines or _free(said.creditor_reference or said.text, total),
                    payer_name=_name(batch, "Dbtr"),
                    payee_name=_name(each, "Cdtr"),
                    problems=tuple(problems),
                )
            )
    return Advice(tuple(checked_remittance(each) for each in found))


def _pain002(node: Node, problems: list[Problem]) -> Advice:
    """Only what was not rejected is an advice; a rejection is told in words."""
    group = node.text("c:OrgnlGrpInfAndSts/c:GrpSts")
    found, said = [], []
    if group in _REJECTED:
        said.append(f"The bank rejected the whole order{_because(node, 'c:OrgnlGrpInfAndSts')}.")
    for batch in [*node.all("c:OrgnlPmtInfAndSts"), node]:
        in_batch = batch.text("c:PmtInfSts") or group
        for each in batch.all("c:TxInfAndSts"):
            status = each.text("c:TxSts") or in_batch or ""
            advice = _reported(each, status, problems)
            if status in _REJECTED:
                amount = f"{advice.total} {advice.currency}" if advice.total else "a payment"
                name = advice.payer_reference or "no reference"
                said.append(f"The bank rejected {amount} ({name}){_because(each, '.')}.")
            else:
                found.append(checked_remittance(advice))
    return Advice(tuple(found), tuple(said))


def _reported(node: Node, status: str, problems: list[Problem]) -> Remittance:
    order = node.first("c:OrgnlTxRef") or node
    said = purpose(order.first("c:RmtInf"))
    total, currency = _money(order, "c:Amt/c:InstdAmt", "c:Amt/c:EqvtAmt/c:Amt", "c:IntrBkSttlmAmt")
    doubts = list(problems)
    if status in _OPEN or not status:
        text = f"the bank has not accepted the payment (status {status or 'none'})"
        doubts.append(Problem(rule="STATUS", text=text))
    return Remittance(
        paid_on=_day(order, "c:ReqdExctnDt") or _day(node, "c:AccptncDtTm"),
        currency=currency,
        total=total,
        method=_METHODS.get(order.text("c:PmtMtd") or ""),
        payer_reference=_given(node.text("c:OrgnlEndToEndId", "c:OrgnlInstrId")),
        lines=said.lines or _free(said.creditor_reference or said.text, total),
        payer_name=_name(order, "Dbtr"),
        payee_name=_name(order, "Cdtr"),
        problems=tuple(doubts),
    )


def _because(node: Node, path: str) -> str:
    base = "" if path == "." else f"{path}/"
    code = node.text(f"{base}c:StsRsnInf/c:Rsn/c:Cd", f"{base}c:StsRsnInf/c:StsRsn/c:Cd")
    words = node.text(f"{base}c:StsRsnInf/c:AddtlInf", f"{base}c:StsRsnInf/c:AddtlStsRsnInf")
    why = ", ".join(each[:120] for each in (code, words) if each)
    return f": {why}" if why else ""


def _reference(node: Node) -> str | None:
    return _given(node.text("c:Refs/c:EndToEndId", "c:Refs/c:PmtInfId", "c:Refs/c:InstrId"))


def _given(reference: str | None) -> str | None:
    return None if reference in (None, "NOTPROVIDED") else reference


def _name(node: Node, role: str) -> str | None:
    return node.text(f"c:{role}/c:Nm", f"c:{role}/c:Pty/c:Nm")


def _money(node: Node, *paths: str) -> tuple[Decimal | None, str | None]:
    for path in paths:
        found = node.first(path)
        if found is not None and found.own_text():
            currency = found.attribute("Ccy")
            return money(found.own_text() or "", currency), currency
    return None, None


def _currency(info: Node) -> str | None:
    found = info.first("c:Strd/c:RfrdDocAmt/c:RmtdAmt")
    return found.attribute("Ccy") if found else None


def _free(text: str, total: Decimal | None) -> tuple[RemittanceLine, ...]:
    """What a payment says in words or by one reference, which is then for all of it."""
    return (RemittanceLine(as_written=text, amount=total),) if text else ()


def _day(node: Node, *paths: str) -> dt.date | None:
    text = node.text(*(path + step for path in paths for step in ("", "/c:Dt", "/c:DtTm")))
    try:
        return iso_day(text) if text else None
    except NotADay as error:
        node.note("DATE", str(error))
        return None


_READERS = {"RmtAdvc": _remt001, "CstmrCdtTrfInitn": _pain001, "CstmrPmtStsRpt": _pain002}
