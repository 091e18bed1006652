"""Files of network data that an owner has put in place: found, recognised, opened, swapped while in use.

`Networks` answers for one address; the identifier, the collector and commands share it. Import it from here:
`from leadlight.runtime.networks import Networks`. What it answers is `leadlight.core.identity.networks.finding.Finding`.
"""

from leadlight.runtime.networks.networks import FOLDER, RANGES_FOLDER, RANGES_TYPE, Networks

__all__ = ["FOLDER", "RANGES_FOLDER", "RANGES_TYPE", "Networks"]
