"""The schema's history, applied by `leadlight migrate`."""
