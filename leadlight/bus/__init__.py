"""The event log: one port, an embedded and a Kafka adapter."""
