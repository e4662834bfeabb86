"""How a process of ours is set up before its first line of work."""

import gc


def tune_collector() -> None:
    """Look for garbage cycles rarely: a read of thousands of records makes many objects and hardly any cycle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
