"""The data key under which a draft's contact is sealed: not seen yet, there, or erased for ever."""
