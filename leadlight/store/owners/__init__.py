"""What owners state: sites, keys, users, webhooks."""
