"""Read models of scheduling, fed from its own log."""
