"""Who people say they are, and whose a browser was when."""
