"""The doorstep command, for people who run the system."""
