"""Who may ask, how often, and as whom: addresses, tokens, tickets, rates, origins, and room at the door."""
