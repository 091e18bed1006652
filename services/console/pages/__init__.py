"""The console's pages, one module each: what is asked of the database, and the template that shows it."""
