"""Who the client of a request is: certain, new, or for an operator to say."""
