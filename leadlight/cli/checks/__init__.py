"""Commands that show what went wrong, and mend it: dead letters, drops, the installation in a site's pages."""
