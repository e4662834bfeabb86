"""Rows 1 to 3: a process is killed between two of its steps, and the next one takes up where it stood."""

import httpx

from .stack import Load, Stack, post


async def test_a_command_whose_answer_was_lost_gives_the_same_answer_again(stack: Stack) -> None:
    """Row 1: kill -9 between append and HTTP answer."""
    writer, reader = stack.app("writer"), stack.app("reader")
    await writer.start("store.committed=kill@2")
    async with httpx.AsyncClient(timeout=10) as client:
        # given one note, and a second one whose writer dies right after the commit
        first = await post(client, writer, "k", 1, "request-1")
        lost: list[str] = []
        try:
            await post(client, writer, "k", 2, "request-2")
        except httpx.TransportError:
            lost.append("request-2")
        assert await writer.died() == -9
        # when the same requests come again, in another order
        await writer.start()
        await reader.start()
        again = [await post(client, writer, "k", number, f"request-{number}") for number in (2, 1, 2)]
    # then each is answered as it was, or would have been, and nothing is written twice
    assert lost == ["request-2"]
    assert (first.status_code, first.json()) == (201, {"version": 1})
    assert [(answer.status_code, answer.json()["version"]) for answer in again] == [(201, 2), (201, 1), (201, 2)]
    assert await stack.noted() == {"k": [1, 2]}
    await stack.check()


async def test_a_relay_killed_before_it_stored_its_position_sends_again_and_nobody_minds(stack: Stack) -> None:
    """Row 2: kill -9 the relay after send, before its position is stored."""
    writer, reader = stack.app("writer"), stack.app("reader")
    await writer.start("relay.sent=kill@5")
    await reader.start()
    async with Load([writer]) as load:
        # given a relay that dies with acknowledged records whose position is not stored
        assert await writer.died() == -9
        position = await stack.stores["writer"].relay_position()
        # when it starts again
        await writer.start()
        await load.more(20)
    # then some records are in the topic twice, and each was heard once
    await stack.check()
    sequences = [dict(record.headers)["ce_sequence"] for record in await stack.records()]
    assert len(sequences) > len(set(sequences))
    assert min(int(each) for each in sequences if sequences.count(each) > 1) > position


async def test_a_consumer_killed_before_it_committed_its_offsets_does_nothing_twice(stack: Stack) -> None:
    """Row 3: kill -9 a consumer after the database commit, before the offset commit."""
    writer, reader = stack.app("writer"), stack.app("reader")
    await writer.start()
    await reader.start("consumer.before_offset_commit=kill@3")
    async with Load([writer]) as load:
        # given a reader that dies with effects in its database and no offset in Kafka
        assert await reader.died() == -9
        assert sum(map(len, (await stack.heard()).values())) > 0
        assert any((await stack.committed_lag()).values())
        # when it starts again
        await reader.start()
        await load.more(20)
    # then it goes on from its own position
    await stack.check()
