"""A client's file: who they are, where they live, how they pay, and whether they are known."""
