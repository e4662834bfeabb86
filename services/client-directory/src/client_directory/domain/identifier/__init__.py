"""Who owns an e-mail address or a phone number: a stream per keyed hash, so that two claims cannot both be first."""
