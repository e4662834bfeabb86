"""How long to wait before trying again."""

LONGEST_PAUSE = 5.0


def pause_after(tries: int) -> float:
    """Seconds to wait after so many tries in vain: longer each time, but never long."""
    return float(min(LONGEST_PAUSE, 0.1 * 2 ** min(tries, 10)))
