"""Visits, one stream each."""
