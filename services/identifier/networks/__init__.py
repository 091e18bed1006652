"""What is known of networks: readers of the data that was pulled, and lists of what each network is for."""
