"""Commands about who is who."""
