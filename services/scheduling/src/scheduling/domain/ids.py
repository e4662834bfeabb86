"""The ids of scheduling, told apart so that no two can be swapped unseen."""

from typing import NewType
from uuid import UUID

RequestId = NewType("RequestId", UUID)
ChainId = NewType("ChainId", UUID)
SelectionId = NewType("SelectionId", UUID)
WorkerId = NewType("WorkerId", UUID)
ClientId = NewType("ClientId", UUID)
HoldId = NewType("HoldId", UUID)
"""What takes a slot in a calendar; a visit keeps the id of the hold it came from."""
VisitId = NewType("VisitId", UUID)
