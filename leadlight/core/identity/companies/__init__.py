"""Which organisation a visitor belongs to, how that is known, and how surely."""
