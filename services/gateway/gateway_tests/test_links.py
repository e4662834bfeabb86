"""Links of clients: unguessable, for one request, used once however many answer at once, and dead when a newer is made."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.store.postgres import PostgresStore
from gateway.links import RENEWED_EVERY, TAKEN, Link, LinkForged, LinkNotOpen, Links
from gateway.tables import create_portal_tables

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ORGANISATION = UUID("00000000-0000-4000-8000-0000000000cc")
CLIENT = UUID("00000000-0000-4000-8000-0000000000c1")
REQUEST = UUID("00000000-0000-4000-8000-0000000000dd")
OPEN = Link(
    organisation_id=ORGANISATION,
    client_id=CLIENT,
    request_id=REQUEST,
    expires_at=NOW + timedelta(hours=48),
    standing="open",
)


class AnswerFailed(Exception):
    """The service refused what was answered."""


class Desk:
    """Links over a database, at a clock that a test moves."""

    def __init__(self, store: PostgresStore) -> None:
        self.store = store
        self.clock = FixedClock(NOW)
        self.links = self.with_key(bytes(32))

    def with_key(self, key: bytes) -> Links:
        return Links(self.store, self.clock, hmac_key=key, public_url="https://door.test/")

    async def issue(self, request_id: UUID = REQUEST, *, expires_at: datetime | None = None) -> str:
        """The token of a new link."""
        url = await self.links.issue(ORGANISATION, CLIENT, request_id, expires_at=expires_at)
        assert url.startswith("https://door.test/portal/")
        return url.removeprefix("https://door.test/portal/")

    async def answer(self, token: str) -> str:
        """What an answer by this link comes to."""
        try:
            async with self.links.answering(token):
                await asyncio.sleep(0.05)
        except LinkNotOpen as refused:
            return refused.standing
        return "answered"


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    store = PostgresStore(database)
    await store.open()
    await create_portal_tables(store)
    yield Desk(store)
    await store.close()


async def test_a_link_lets_one_client_in_for_one_request_for_48_hours(desk: Desk) -> None:
    token = await desk.issue()
    assert len(token) == 64
    assert await desk.links.find(token) == OPEN


async def test_no_two_links_are_alike(desk: Desk) -> None:
    assert len({await desk.issue(uuid4()) for _ in range(20)}) == 20


@pytest.mark.parametrize(("hours", "good_for"), [(5, 5), (48, 48), (200, 48)])
async def test_the_sooner_of_48_hours_and_the_deadline_ends_it(desk: Desk, hours: int, good_for: int) -> None:
    token = await desk.issue(expires_at=NOW + timedelta(hours=hours))
    assert (await desk.links.find(token)).expires_at == NOW + timedelta(hours=good_for)


async def test_it_is_good_up_to_and_including_its_last_instant(desk: Desk) -> None:
    token = await desk.issue()
    desk.clock.advance(timedelta(hours=48))
    last = (await desk.links.find(token)).standing
    desk.clock.advance(timedelta(microseconds=1))
    assert (last, (await desk.links.find(token)).standing) == ("open", "expired")
    assert await desk.answer(token) == "expired"


async def test_looks_use_nothing_up_and_one_answer_does(desk: Desk) -> None:
    token = await desk.issue()
    assert [(await desk.links.find(token)).standing for _ in range(3)] == ["open"] * 3
    assert [await desk.answer(token) for _ in range(2)] == ["answered", "used"]
    assert await desk.links.find(token) == replace(OPEN, standing="used")


async def test_of_answers_at_the_same_moment_one_counts(desk: Desk) -> None:
    token = await desk.issue()
    came_to = await asyncio.gather(*(desk.answer(token) for _ in range(8)))
    assert sorted(came_to) == ["answered", *["taken"] * 7]
    assert await desk.answer(token) == "used"


async def test_an_answer_that_failed_leaves_the_link_as_it_was(desk: Desk) -> None:
    token = await desk.issue()
    with pytest.raises(AnswerFailed):
        async with desk.links.answering(token):
            raise AnswerFailed
    assert await desk.links.find(token) == OPEN
    assert await desk.answer(token) == "answered"


async def test_an_answer_that_nobody_finished_gives_way_after_a_while(desk: Desk) -> None:
    """A gateway that died in the middle: the services take the same answer twice as one."""
    token = await desk.issue()
    async with desk.links.answering(token):
        desk.clock.advance(TAKEN - timedelta(seconds=1))
        early = await desk.answer(token)
        desk.clock.advance(timedelta(seconds=1))
        late = await desk.answer(token)
    assert (early, late) == ("taken", "answered")


async def test_a_newer_link_kills_the_older_ones_of_its_request_alone(desk: Desk) -> None:
    other, older, newer = await desk.issue(uuid4()), await desk.issue(), await desk.issue()
    assert [(await desk.links.find(token)).standing for token in (other, older, newer)] == ["open", "replaced", "open"]
    assert await desk.answer(older) == "replaced"


async def test_of_links_made_at_the_same_moment_one_is_good(desk: Desk) -> None:
    tokens = await asyncio.gather(*(desk.issue() for _ in range(6)))
    standings = sorted([(await desk.links.find(token)).standing for token in tokens])
    assert standings == ["open", *["replaced"] * 5]


async def test_a_used_link_stays_used_when_a_newer_one_is_made(desk: Desk) -> None:
    token = await desk.issue()
    await desk.answer(token)
    await desk.issue()
    assert (await desk.links.find(token)).standing == "used"


async def test_who_has_an_expired_link_gets_a_new_one_but_not_again_at_once(desk: Desk) -> None:
    token = await desk.issue()
    early = await desk.links.renew(token)
    desk.clock.advance(timedelta(hours=49))
    renewals = [await desk.links.renew(token) for _ in range(2)]
    desk.clock.advance(RENEWED_EVERY)
    later = await desk.links.renew(token)

    expired = replace(OPEN, standing="expired")
    assert (early, renewals, later) == (None, [expired, None], expired)


async def test_simultaneous_wishes_for_a_new_link_are_one(desk: Desk) -> None:
    token = await desk.issue()
    desk.clock.advance(timedelta(hours=49))
    renewals = await asyncio.gather(*(desk.links.renew(token) for _ in range(5)))
    assert sum(renewal is not None for renewal in renewals) == 1


async def test_whatever_is_good_no_more_may_be_renewed(desk: Desk) -> None:
    used, replaced, newer = await desk.issue(uuid4()), await desk.issue(), await desk.issue()
    await desk.answer(used)
    renewals = [await desk.links.renew(token) for token in (used, replaced, newer)]
    assert [renewal and renewal.standing for renewal in renewals] == ["used", "replaced", None]


@pytest.mark.parametrize("place", [0, 31, 32, 63])
async def test_a_changed_sign_makes_it_a_forgery(desk: Desk, place: int) -> None:
    token = await desk.issue()
    forged = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
    for wish in (desk.links.find(forged), desk.links.renew(forged), desk.answer(forged)):
        with pytest.raises(LinkForged):
            await wish


@pytest.mark.parametrize("change", ["{}=", "{}A", "{} ", " {}", "{}\n", "é{}", "\ud800{}", ""])
async def test_another_spelling_is_a_forgery(desk: Desk, change: str) -> None:
    token = await desk.issue()
    with pytest.raises(LinkForged):
        await desk.links.find(change.format(token))


async def test_a_link_signed_with_another_key_is_a_forgery(desk: Desk) -> None:
    token = await desk.issue()
    with pytest.raises(LinkForged):
        await desk.with_key(b"other" * 8).find(token)


async def test_forgeries_never_reach_the_database(database: str) -> None:
    """A store that was never opened answers nothing."""
    links = Links(PostgresStore(database), FixedClock(NOW), hmac_key=bytes(32), public_url="https://door.test")
    with pytest.raises(LinkForged):
        await links.find("A" * 64)


async def test_the_database_holds_hashes_alone(desk: Desk) -> None:
    token = await desk.issue()
    async with desk.store.connection() as connection:
        rows = await (await connection.execute("SELECT link, portal_links::text FROM portal_links")).fetchall()
    assert [link for link, _ in rows] == [hashlib.sha256(token.encode()).digest()]
    assert token not in rows[0][1]


async def test_links_long_over_are_forgotten(desk: Desk) -> None:
    token = await desk.issue()
    desk.clock.advance(timedelta(hours=48) + timedelta(days=181))
    await desk.issue(uuid4())
    with pytest.raises(LinkForged):
        await desk.links.find(token)
