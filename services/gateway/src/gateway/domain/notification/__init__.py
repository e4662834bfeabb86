"""One message to one person, from its cause to its end."""
