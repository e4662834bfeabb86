"""What changed, and who may hear of it: the gateway's own log of hints, and the streams that follow it."""
