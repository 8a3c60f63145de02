"""The rehearsal room under `/_sandbox/`: what a person sees of the stand-in and does to it.

Server-rendered, works without JavaScript, and decides nothing: what is pressed here goes through
the control API's handlers, or through Twilio's own operations where Console would use them.
"""

from __future__ import annotations
