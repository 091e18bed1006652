"""Past traffic out of files."""
