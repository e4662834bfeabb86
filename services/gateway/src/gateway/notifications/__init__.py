"""Mail: what it says, whom it reaches, and how it leaves."""
