"""Mailings: lists of people, and the links that are made for each of them."""
