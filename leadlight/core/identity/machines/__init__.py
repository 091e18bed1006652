"""What visitors browse with, and whether it is a machine."""
