"""`tillmail review`: what waits for a person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from worker import review
from worker.actors.review import resolve as resolve_item
from worker.commands.choosing import AsOption, BusinessOption, JsonOption, at_the_desk, who
from worker.commands.printing import hint, print_list, print_record
from worker.kernel.errors import Refused
from worker.kernel.ids import BusinessKey
from worker.readers import answers
from worker.review import WorkItem

app = typer.Typer(
    help="What waits for a person, with the evidence and the choices.",
    no_args_is_help=True,
    add_completion=False,
)
_Name = Annotated[str, typer.Argument(metavar="ITEM", help="A work item's id, or its subject's.")]


@app.command("list")
def list_items(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """List what waits, the oldest first."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        rows = [
            {
                "opened_at": item.opened_at,
                "kind": item.kind.replace("_", " "),
                "question": item.question,
                "id": item.id,
            }
            for item in review.open_items(session, key)
        ]
        empty = "Nothing waits for a person."
        print_list(rows, as_json=as_json, zone=till.rules(key).time_zone, empty=empty)


@app.command("show")
def show_item(item: _Name, business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """Show a question with its evidence and the words that answer it."""
    with at_the_desk(business) as (till, key), till.reading() as session:
        record = _details(_chosen(session, key, item))
        print_record(record, as_json=as_json, zone=till.rules(key).time_zone)


@app.command("resolve")
def resolve(
    item: _Name,
    word: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD...", help="The answer: yes, or: send to ADDRESS."),
    ] = None,
    note: Annotated[
        str | None,
        typer.Option("--answer", help="What was decided elsewhere: this only closes the question."),
    ] = None,
    by: AsOption = None,
    business: BusinessOption = None,
) -> None:
    """Answer a question with one of its words, exactly as an answer by mail does."""
    if (note is None) == (not word):
        raise typer.BadParameter("Give one of the question's words, or --answer TEXT.")
    with at_the_desk(business) as (till, key):
        with till.transaction() as session:
            found = _chosen(session, key, item)
            if note is not None:
                happened = _close(found, note, by=who(by), at=till.now())
            else:
                told = answers.said(" ".join(word or ()))
                happened = resolve_item(
                    till, session, found, review.Answer(told, who(by)), at=till.now()
                )
        hint(happened)


def _close(item: WorkItem, note: str, *, by: str, at: datetime) -> str:
    """Close a question that was answered elsewhere. This releases and sends nothing."""
    if item.resolved_at is not None:
        raise Refused(f"{item.id} was closed already by {item.resolved_by}.")
    item.resolved_at, item.resolution, item.resolved_by = at, note, by
    return f"{item.id} is closed."


def _chosen(session: Session, business: BusinessKey, name: str) -> WorkItem:
    found = review.by_id(session, business, name)
    if found is not None:
        return found
    about = review.open_for(session, business, name)
    if len(about) == 1:
        return about[0]
    if about:
        ids = ", ".join(item.id for item in about)
        raise Refused(f"Several questions are open about {name}: {ids}.")
    raise Refused(f"There is no work item {name}. See: tillmail review list")


def _details(item: WorkItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "about": item.subject,
        "question": item.question,
        "opened_at": item.opened_at,
        "resolved_at": item.resolved_at,
        "resolution": item.resolution,
        "resolved_by": item.resolved_by,
        "resolved_from": item.resolved_from,
        "asked_again": item.asked_again,
        "evidence": dict(item.evidence),
        "choices": list(item.choices),
    }
