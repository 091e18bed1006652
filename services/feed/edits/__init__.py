"""What programs may state through the feed: facts of people, each with a way back."""
