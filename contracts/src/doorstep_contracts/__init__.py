"""The public language of Doorstep: topics, event models, schemas, examples."""
