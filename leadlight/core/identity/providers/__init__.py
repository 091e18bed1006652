"""Paid services that tell whose network an address is: how to ask each, and how much of its answer is believed."""
