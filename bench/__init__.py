"""How fast, as ratios to bare programs that are measured in the same run: ``make bench``.

Every comparison program is built here from what the libraries offer without us: Twilio's own
client, one bulk upsert, the Django admin, a bare REST view.
"""
