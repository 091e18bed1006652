"""What the collector keeps: keys of the day, counts of drops, how far files of the past were read."""
