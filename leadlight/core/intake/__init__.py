"""What the collector decides: which posted calls become events, and why the others don't."""
