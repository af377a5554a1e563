"""Who guesses tokens, and who opens many links at once: counted by address, in bounded memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import anyio
import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.web.house import House, as_person, form_of
from worker.web.doorkeeper import Doorkeeper


@dataclass
class Door:
    """A site behind a door: tokens that begin with *ours* are known. Time is what a test says."""

    at: float = 0.0
    touched: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keeper = Doorkeeper(_refuse, lambda: self.at, remembered=16)
        self.site = Starlette(routes=[Route("/l/{token}", self.keeper.guard(self._show))])

    async def _show(self, request: Request) -> Response:
        self.touched.append(request.state.links_touched)
        known = request.path_params["token"].startswith("ours")
        return PlainTextResponse("yes") if known else PlainTextResponse("no", 404)

    async def ask(self, token: str, address: str = "192.0.2.1") -> str:
        transport = httpx.ASGITransport(self.site, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return (await client.get(f"/l/{token}")).text


def _refuse(_request: Request) -> Response:
    return PlainTextResponse("no", 404)


def run(story: Callable[[Door], Awaitable[None]]) -> Door:
    door = Door()
    # In a thread of its own: a browser of other tests keeps the loop of this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(anyio.run, story, door).result()
    return door


def test_who_guessed_ten_times_in_a_minute_is_told_no_whatever_comes() -> None:
    async def story(door: Door) -> None:
        for number in range(10):
            assert await door.ask(f"guess{number}") == "no"
        assert await door.ask("ours") == "no"
        assert await door.ask("ours", "192.0.2.2") == "yes"
        door.at += 61
        assert await door.ask("ours") == "yes"

    assert len(run(story).touched) == 12


def test_nine_wrong_addresses_shut_no_door() -> None:
    async def story(door: Door) -> None:
        for number in range(9):
            await door.ask(f"guess{number}")
        assert await door.ask("ours") == "yes"

    run(story)


def test_one_network_of_ipv6_is_one_asker() -> None:
    async def story(door: Door) -> None:
        for number in range(10):
            await door.ask(f"guess{number}", f"2001:db8::{number + 1:x}")
        assert await door.ask("ours", "2001:db8::ffff") == "no"
        assert await door.ask("ours", "2001:db8:0:1::1") == "yes"

    run(story)


def test_one_guesser_of_ipv4_shuts_the_door_for_nobody_else() -> None:
    async def story(door: Door) -> None:
        for number in range(10):
            await door.ask(f"guess{number}", "::ffff:192.0.2.1")
        assert await door.ask("ours", "192.0.2.1") == "no"
        assert await door.ask("ours", "::ffff:192.0.2.2") == "yes"

    run(story)


def test_many_links_within_seconds_are_counted_and_then_forgotten() -> None:
    async def story(door: Door) -> None:
        for token in ("ours1", "ours2", "ours2", "ours3"):
            await door.ask(token)
        door.at += 11
        await door.ask("ours4")

    assert run(story).touched == [1, 2, 2, 3, 1]


def test_the_memory_is_bounded() -> None:
    async def story(door: Door) -> None:
        for number in range(40):
            await door.ask("guess", f"198.51.100.{number}")

    assert len(run(story).keeper) == 16


def test_the_page_answers_a_guess_and_a_shut_door_alike(house: House) -> None:
    path, browser = house.invoice(), house.browser()
    answers = [browser.get(f"/l/{'a' * 31}{n}") for n in "abcdefghij"]
    shut = browser.get(path)
    assert {answer.status_code for answer in [*answers, shut]} == {404}
    assert {answer.text for answer in [*answers, shut]} == {shut.text}


def test_who_opens_many_links_at_once_is_no_person(house: House) -> None:
    paths = [house.invoice(f"B-{n}") for n in range(6)]
    browser = house.browser()
    pages = [browser.get(path).text for path in paths]
    fields = as_person(form_of(pages[-1], f"{paths[-1]}/open"))
    house.wait(seconds=5)
    browser.post(f"{paths[-1]}/open", data=fields)
    assert house.activity(paths[-1])[1:] == ["machine_open"]
