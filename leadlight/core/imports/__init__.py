"""Files of past traffic: what each line of one tells."""
