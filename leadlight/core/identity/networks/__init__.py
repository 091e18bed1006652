"""What is known of the network that an address belongs to."""
