"""The portals as people use them: by clicking, in headless Chromium, on the running stack."""
