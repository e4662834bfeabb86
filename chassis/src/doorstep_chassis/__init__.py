"""What every Doorstep service stands on: event store, relay, consumer, views, HTTP, privacy, telemetry."""
