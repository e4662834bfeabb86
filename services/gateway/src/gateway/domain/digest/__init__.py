"""When an organisation's operators are told what waits."""
