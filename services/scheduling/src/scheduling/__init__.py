"""Calendars, slots, visits."""
