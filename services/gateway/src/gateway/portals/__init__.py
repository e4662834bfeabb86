"""The portals: pages for workers, clients and operators, rendered here and filled by the services."""
