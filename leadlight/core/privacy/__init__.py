"""What may be known of a visitor, and how what may not be known is kept from being stored."""
