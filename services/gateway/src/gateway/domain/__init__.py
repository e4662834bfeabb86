"""What the gateway decides by itself: whom it tells what, and who its people are. Pure."""
