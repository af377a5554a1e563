"""The demo's first act: the customers open their pages and pay by card."""

from __future__ import annotations

from worker.commands.demo_customer import pay
from worker.commands.demo_story import Story


def play(story: Story) -> None:
    """Pay every invoice over real HTTP, and wait for the receipts."""
    links = story.links()
    there = story.sent("receipt")
    for number, url in links.items():
        story.say("customer", f"opened the page of {number} and paid: “{pay(url)}”")
    story.until(lambda: story.sent("receipt") >= there + len(links))
