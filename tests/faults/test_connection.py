"""A broken connection to the broker is an error that the Kafka client knows, whatever event loop it runs on."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest
from doorstep_chassis.publisher import KafkaPublisher  # noqa: F401 - imported for what it mends
from doorstep_local.kafka import Kafka


@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop])
def test_a_request_on_a_connection_that_is_gone_fails_as_the_client_expects(
    kafka: Kafka, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def ask() -> None:
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap.split(","), request_timeout_ms=2_000)
        await client.bootstrap()
        try:
            # given a connection that has broken without the client having heard of it
            connection = await client._get_conn(client.get_random_node())
            connection._writer.transport.abort()
            await asyncio.sleep(0)
            # when it is used, then it is broken, and the client makes a new one
            with pytest.raises((KafkaConnectionError, asyncio.TimeoutError)):
                await connection.send(MetadataRequest([]))
            assert await client.force_metadata_update() is True
        finally:
            await client.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(ask())
