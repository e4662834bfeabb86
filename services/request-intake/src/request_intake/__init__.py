"""Requests, the two gates, the catalogue."""
