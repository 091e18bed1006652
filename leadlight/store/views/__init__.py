"""What is read: visitors, contacts, alerts and changes, as feed, webhooks and console show them."""
