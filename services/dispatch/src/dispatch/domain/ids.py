"""The ids of dispatch, each a type of its own: a worker's cannot stand where a request's is meant."""

from typing import NewType
from uuid import UUID

WorkerId = NewType("WorkerId", UUID)
RequestId = NewType("RequestId", UUID)
SelectionId = NewType("SelectionId", UUID)
HoldId = NewType("HoldId", UUID)
