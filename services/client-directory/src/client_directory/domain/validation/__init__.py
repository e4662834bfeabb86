"""The client gate of a request: what it lacks, whom it asks, and until when it stands open."""
