"""What people read: clients, open reviews, who has served whom."""
