"""Workers, eligibility, broadcasts, applications, awards: the worker gate."""
