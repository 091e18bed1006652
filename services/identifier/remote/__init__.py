"""What services outside know of a connection: asked aside, never while an event waits."""
