"""What people have been told about one request, and what they still wait for."""
