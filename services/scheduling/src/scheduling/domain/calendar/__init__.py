"""A worker's calendar, one stream a week."""
