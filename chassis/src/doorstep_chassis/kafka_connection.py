"""aiokafka's connection on uvloop: a write on a transport that is gone is a broken connection, not the end of a task.

asyncio drops such a write and tells of the loss later; uvloop raises a RuntimeError, which no task of aiokafka expects: the
one that keeps the broker's addresses died of it in one restart of a broker out of ten, and a consumer without it never
gets back into its group, nor a producer to a new leader.
"""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

RETRY_MS = 500
"""Between two tries of the client, which would fill the log with ten a second while the broker is away."""

_send = AIOKafkaConnection.send


def _send_or_break(self: Any, request: Any, expect_response: bool = True) -> Any:
    try:
        return _send(self, request, expect_response)
    except RuntimeError as problem:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"the connection to {self.host}:{self.port} is gone") from problem


def mend() -> None:
    """Let every connection of this process fail as aiokafka expects."""
    AIOKafkaConnection.send = _send_or_break
