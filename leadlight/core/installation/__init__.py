"""Whether a page carries the tag, and whether the tag can work there: read as a browser reads, without running anything."""
