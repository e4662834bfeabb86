"""The slot of a request, from the worker's selection to the visit: one stream a request."""
