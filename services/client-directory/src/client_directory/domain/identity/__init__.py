"""Who somebody is, as far as an e-mail, a phone number and a name can say. Pure."""
