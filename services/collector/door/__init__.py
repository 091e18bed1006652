"""What the collector finds out about whoever posts, beside what the post says: address, country, cookie."""
