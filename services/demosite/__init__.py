"""The demo site: a small fictional company with the real tag on each page."""
