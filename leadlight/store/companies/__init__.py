"""What is known of companies: the owner's list, services outside, and what asking these has cost."""
