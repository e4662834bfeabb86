"""What the directory needs to know of an organisation: its time zone, by whose days mandates lapse."""
