"""The page of a customer link: its items, their documents, and paying those that are ticked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from worker import documents, invoices, paylinks, payments
from worker.app import App
from worker.businesses import Way
from worker.kernel.errors import Refused
from worker.kernel.money import Money, NotMoney, total
from worker.paylinks import Verdict
from worker.payments import Wanted
from worker.web import answers
from worker.web.account import Account, contacts_of, context, find_account
from worker.web.answers import Draft
from worker.web.choosing import Choice, Limits, chosen
from worker.web.forms import Fields, Seal, Visitor, code_of, new_browser, open_seal, seal
from worker.web.hosted import Begun, HostedPage, payer_of
from worker.web.opening import judged_on
from worker.web.thanks import address_after
from worker.web.ways import chosen_offer, faces, is_agreed

_NOT_IN_FILE_NAMES = re.compile(r"[^0-9A-Za-z._-]+")


@dataclass(frozen=True, slots=True)
class AccountPage:
    """What a browser may do with a customer link. None: the token is no customer link's."""

    app: App

    def draft(self, session: Session, account: Account, browser: str, *, at: datetime) -> Draft:
        """The page as it is now; nothing to pay and an ended link have faces of their own."""
        extra: dict[str, Any] = {"problems": {}, "typed": {}, "note": None}
        return self._draft(session, account, browser, extra, at=at)

    def document(self, who: Visitor, item_id: str) -> Response | None:
        """The frozen PDF of one of the customer's items."""
        at = self.app.now()
        with self.app.reading() as session:
            account = find_account(self.app, session, who, at=at)
            if account is None or not account.may_see:
                return None
            found = [one.item for one in account.owed if one.item.id == item_id]
            document = documents.of_invoice(session, account.business, item_id) if found else None
            if document is None:
                return None
            pdf = documents.pdf_of(session, document)
        name = _NOT_IN_FILE_NAMES.sub("-", found[0].number).strip("-.") or "invoice"
        headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
        return Response(pdf, HTTPStatus.OK, headers, media_type="application/pdf")

    def begin(self, who: Visitor, form: Fields) -> Begun | Response | None:
        """The checkout for what was ticked; or a page that says what stands in its way."""
        try:
            begun = HostedPage(self.app).begin(lambda: self._begin(who, form, at=self.app.now()))
        except Refused:
            return self._again(who, form, "changed", HTTPStatus.CONFLICT)
        return answers.page(self.app, begun) if isinstance(begun, Draft) else begun

    def unreachable(self, who: Visitor, form: Fields) -> Response | None:
        """The page again, because nobody answers at the gateway."""
        return self._again(who, form, "unreachable", HTTPStatus.BAD_GATEWAY)

    def _begin(
        self, who: Visitor, form: Fields, *, at: datetime
    ) -> Begun | Draft | Response | None:
        with self.app.transaction() as session:
            account = find_account(self.app, session, who, at=at)
            if account is None:
                return None
            path = answers.path_of(self.app, account.link)
            keys = self.app.link_keys
            on_page = open_seal(keys, account.link.id, form.get("form", ""), at=at)
            if not account.is_live or on_page is None:
                return answers.see_other(path)
            choice = chosen(account.payable, form, self._limits(account))
            if choice.is_stale:
                raise Refused("Something that was ticked is not to be paid here any more.")
            if choice.problems or not choice.wanted:
                note = "wrong" if choice.problems else "nothing"
                browser = on_page.browser
                extra = self._extra(form, note, problems=choice.problems)
                draft = self._draft(session, account, browser, extra, at=at)
                return _with_status(draft, 422)
            amount = total(choice.wanted.values(), account.currency)
            offer = chosen_offer(account.offers(choice.wanted), form)
            if offer is None:
                return self._asks(session, account, form, on_page, "way", choice, at=at)
            asks = self._doubt(session, account, who, form, on_page, choice, at=at)
            if asks is not None:
                return asks
            if not is_agreed(offer.fee_on(amount), form):
                return self._asks(session, account, form, on_page, "fee", choice, at=at)
            wanted = _wanted(session, account, choice)
            if offer.way is Way.BALANCE:
                applied = payments.spend_balance(session, wanted, by="customer", at=at)
                return answers.see_other(address_after(path, applied))
            link_id, by = account.link.id, offer.by(amount)
            checkout = payments.begin_for(session, wanted, link_id=link_id, at=at, by=by)
            payer = payer_of(self.app, session, checkout, language=account.language)
        return Begun(account.business, account.link, checkout, payer)

    def _doubt(
        self,
        session: Session,
        account: Account,
        who: Visitor,
        form: Fields,
        on_page: Seal,
        choice: Choice,
        *,
        at: datetime,
    ) -> Draft | None:
        """The page that asks once more, for who may be a program; whoever pays opened the link."""
        sent_to = (account.business, account.customer.id)
        verdict, facts = judged_on(session, sent_to, account.thresholds, who, form, on_page, at=at)
        keys, link = self.app.link_keys, account.link
        if verdict is Verdict.HUMAN or form.get("code", "").strip() == code_of(
            keys, link.id, on_page
        ):
            life = self.app.life_of(link)
            seen = {"by": "checkout", "seen": facts}
            paylinks.note_open(session, link, life, evidence=seen, at=at)
            return None
        paylinks.note_machine(session, link, evidence=facts, at=at)
        asked = self._asks(session, account, form, on_page, "confirm", choice, at=at)
        return replace(asked, context={**asked.context, "asks_code": True})

    def _asks(
        self,
        session: Session,
        account: Account,
        form: Fields,
        on_page: Seal,
        note: str,
        choice: Choice,
        *,
        at: datetime,
    ) -> Draft:
        """The page once more as it was filled in, with the fee of what was chosen."""
        extra = self._extra(form, note)
        amount = total(choice.wanted.values(), account.currency)
        extra |= faces(account.offers(choice.wanted), amount, form) | {"is_summed": True}
        return self._draft(session, account, on_page.browser, extra, at=at)

    def _again(self, who: Visitor, form: Fields, note: str, status: HTTPStatus) -> Response | None:
        at = self.app.now()
        with self.app.reading() as session:
            account = find_account(self.app, session, who, at=at)
            if account is None:
                return None
            browser = who.browser or new_browser()
            draft = self._draft(session, account, browser, self._extra(form, note), at=at)
        return answers.page(self.app, _with_status(draft, status))

    def _extra(
        self, form: Fields, note: str, problems: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        typed = {name: value[:20] for name, value in form.items() if "." in name}
        return {"problems": problems or {}, "typed": typed, "note": note}

    def _draft(
        self,
        session: Session,
        account: Account,
        browser: str,
        extra: dict[str, Any],
        *,
        at: datetime,
    ) -> Draft:
        keys, link = self.app.link_keys, account.link
        token = seal(keys, link.id, browser, at=at)
        shown = open_seal(keys, link.id, token, at=at)
        code = code_of(keys, link.id, shown) if shown is not None else ""
        facts = context(account, path=answers.path_of(self.app, link), at=at)
        facts |= {
            "form": {"token": token, "code": code},
            "asks_code": False,
            "is_summed": False,
        } | extra
        facts["least"] = {"minor": self._limits(account).least.minor, "currency": account.currency}
        if not account.is_live:
            hidden: dict[str, Any] = {} if account.may_see else {"items": [], "bank": None}
            only = link.contact_id
            on_file = contacts_of(session, account.business, account.customer.id, only=only)
            facts |= {"contacts": on_file, **hidden}
            return Draft(account.business, account.language, "account_ended.html", facts)
        return Draft(account.business, account.language, "account.html", facts)

    def _limits(self, account: Account) -> Limits:
        rules = account.rules.links
        try:
            least = Money.of(rules.partial_min, account.currency)
        except NotMoney:
            # Said in units that this currency does not have: then there is no least.
            least = Money(1, account.currency)
        return Limits(rules.partial, least)


def _wanted(session: Session, account: Account, choice: Choice) -> list[Wanted]:
    found = ((invoices.by_id(session, account.business, id), id) for id in choice.wanted)
    return [Wanted(item, choice.wanted[id]) for item, id in found if item is not None]


def _with_status(draft: Draft, status: int) -> Draft:
    return Draft(draft.business, draft.language, draft.template, draft.context, HTTPStatus(status))
