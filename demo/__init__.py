"""What only a demo has (`DEMO=true`): its clock, its mails, its logins.

It stands on all other apps and is no app itself: it has no models, and the settings of a demo put
its addresses and its words for pages beside the product's.
"""
