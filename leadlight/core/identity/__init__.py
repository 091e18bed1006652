"""What the identifier decides: which machine, which person, which company, and how sure."""
