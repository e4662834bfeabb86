"""Named points where a fault test stops, delays or kills the process. Off unless `DOORSTEP_FAILPOINTS` names them.

`DOORSTEP_FAILPOINTS="relay.sent=kill@3,consumer.committed=pause"`: kill -9 at the third hit; stop at every hit, and go
on by SIGCONT.
"""

import os
import signal
from collections import Counter

_hits: Counter[str] = Counter()


def _parse(text: str) -> dict[str, tuple[str, int | None]]:
    points: dict[str, tuple[str, int | None]] = {}
    for part in filter(None, text.split(",")):
        name, _, action = part.partition("=")
        action, _, at = action.partition("@")
        points[name.strip()] = (action.strip(), int(at) if at else None)
    return points


_points = _parse(os.environ.get("DOORSTEP_FAILPOINTS", ""))


def hit(name: str) -> None:
    """Do what the environment asks for at this point; nothing in production."""
    if not _points:
        return
    point = _points.get(name)
    if point is None:
        return
    _hits[name] += 1
    action, at = point
    if at in (None, _hits[name]):
        os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)


def refuse_in_production() -> None:
    """A production process never starts with failpoints set."""
    if _points:
        raise SystemExit("DOORSTEP_FAILPOINTS is set: refused in production")
