"""Installation checks: fetch a site's pages, politely and within bounds, and say of each whether the tag works there."""
