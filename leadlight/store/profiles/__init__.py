"""Visitors' states in the database: loaded for a batch, saved by what has changed, folded into a person."""

from leadlight.store.profiles.fold import browsers_of, fold_contact
from leadlight.store.profiles.load import load, load_due, profiles_of
from leadlight.store.profiles.save import save

__all__ = ["browsers_of", "fold_contact", "load", "load_due", "profiles_of", "save"]
