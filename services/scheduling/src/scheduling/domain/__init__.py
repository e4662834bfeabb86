"""The rules of calendars, holds and visits. Pure: no I/O, clock, random, log."""
