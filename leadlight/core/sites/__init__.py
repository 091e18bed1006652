"""What a site's owner decides about collecting: as written, as checked, as applied."""
