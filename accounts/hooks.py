"""The one door for programs that call us: who calls is proven before anything is stored."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    UnreadablePostError,
)
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from accounts.services import hooks
from carrier.signatures import FORM
from config import clock
from config.addresses import absolute
from config.middleware import request_id_of

logger = logging.getLogger(__name__)


@csrf_exempt
@never_cache
def receive(request: HttpRequest, source: str, address: str) -> HttpResponse:
    """A call at ``/hooks/<source>/<address>``: 404 for a source nobody registered, 403 for a caller
    who proves nothing, 400 and 413 for a body that cannot be read whole."""
    hook = hooks.HOOKS.get(source)
    if hook is None:
        raise Http404("No such hook.")
    if request.method not in hook.methods:
        return HttpResponseNotAllowed(hook.methods)
    try:
        body = request.body
    except RequestDataTooBig:
        return _refused("The body is too long.", 413)
    except UnreadablePostError:
        return _refused("The body could not be read.", 400)
    if request.content_type == FORM and body.count(b"&") >= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
        return _refused("The form has too many fields.", 400)
    query = request.META.get("QUERY_STRING", "")
    incoming = hooks.Incoming(
        url=absolute(request.get_full_path()),
        address=f"{address}?{query}" if query else address,
        headers=request.headers,
        content_type=request.content_type or "",
        body=body,
        request_id=request_id_of(request),
    )
    caller = hook.verify(incoming)
    if caller is None:
        logger.info("hook %s: a call that proved nothing was refused", source)
        return _refused("This call is not signed by whom it claims to be from.", 403)
    answer = hooks.receive(hook, incoming, caller, at=clock.now())
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def _refused(why: str, status: int) -> HttpResponse:
    return HttpResponse(why, status=status, content_type="text/plain; charset=utf-8")
