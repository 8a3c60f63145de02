"""The door for the web server, whichever it is."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from config.outside import whole_requests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = whole_requests(get_wsgi_application())
