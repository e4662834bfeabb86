"""Clients, identity claims, addresses, payment methods, the client gate."""
