"""Workers and operators as they have signed in: where mail reaches them, and which they want."""
