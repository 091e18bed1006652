"""Commands about one site: its settings, and what they hide of the past."""
