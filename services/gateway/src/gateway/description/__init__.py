"""The description of the API: what each operation is for, who may ask it, what it takes, answers and refuses.

It reads in this order: `operations.py` (one row a route), `examples.py`, `*_answers.py`, `codes.py`; `build.py` puts them
together with what the routes themselves say.
"""
