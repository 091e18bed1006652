"""How often what Leadlight tells of addresses, host names, agents and e-mails is right, on sets labelled by hand."""
