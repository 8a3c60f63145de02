"""What support staff see in the Django admin."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.db import connection
from django.db.models import Model, QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Job, User
from accounts.registries import SUPPORT_LINKS
from accounts.states import JobState
from config.admin import CappedPaginator, SupportAdmin
from licensing.models import PaymentAttempt
from numbers.admin.inventory import SERVICES
from numbers.models import PhoneNumber
from numbers.states import ConnectionState, TaskKind
from tests import factories
from tests.factories import NOON

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def page_of(model: type[Model], page: str = "changelist", *args: Any) -> str:
    """The address of one of the admin's pages for ``model``."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def one_of_everything(account: Account) -> None:
    """A row for every list, twice, so that a query for each row would show."""
    for _ in range(2):
        agent = factories.AgentFactory.create(account=account)
        connection = factories.ConnectionFactory.create(account=account)
        number = factories.PhoneNumberFactory.create(
            account=account, connection=connection, agent=agent
        )
        factories.CarrierTaskFactory.create(number__account=account, number__connection=connection)
        factories.ImportFactory.create(connection=connection, job__failed=True, is_open=False)
        factories.LookFactory.create(account=account)
        job = factories.JobFactory.create(account=account)
        factories.JobItemFactory.create(job=job)
        factories.EventFactory.create(account=account, subject_id=number.pk)
        factories.NoticeFactory.create(account=account)
        factories.ApiKeyFactory.create(account=account)
        factories.InvitationFactory.create(account=account)
        factories.MembershipFactory.create(account=account)
        factories.GracePeriodFactory.create(
            account=account, resolved=True, opened_at=NOON + timedelta(days=number.pk)
        )
        charge = factories.ChargeFactory.create(account=account)
        factories.LicenseChangeFactory.create(account=account, charge=charge)
    factories.PaymentAttemptFactory.create(account=account)


@pytest.mark.parametrize(
    "model", [model for model in MODELS if model._meta.app_label != "django_q"]
)
def test_abbreviations_are_written_in_capitals(model: type[Model]) -> None:
    shown = cast(SupportAdmin, admin.site._registry[model])
    names = {*shown.list_display, *(shown.fields or ()), *(shown.readonly_fields or ())}
    names |= {column.name for column in model._meta.fields}
    labels = [str(label_for_field(name, model, shown)) for name in names if isinstance(name, str)]
    labels += [str(model._meta.verbose_name), str(model._meta.verbose_name_plural)]

    wrong = re.compile(r"\b(api|id|mms|pk|sid|sms|url)s?\b|\b(Api|Id|Mms|Pk|Sid|Sms|Url)s?\b")
    assert [label for label in labels if wrong.search(label)] == []


@pytest.mark.parametrize("model", MODELS)
def test_every_list_reads_the_database_a_fixed_number_of_times(
    model: type[Model],
    acme: Account,
    support_client: Client,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    one_of_everything(acme)
    one_of_everything(factories.subscribed())

    # Session, user, capped count, rows, and at most one look each for filters.
    with django_assert_max_num_queries(6):
        response = support_client.get(page_of(model))

    assert response.status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_added_or_deleted_in_the_admin(
    model: type[Model], acme: Account, support_client: Client
) -> None:
    one_of_everything(acme)
    row = model._default_manager.first()

    assert support_client.get(page_of(model, "add")).status_code == 403
    if row is not None:
        change, delete = page_of(model, "change", row.pk), page_of(model, "delete", row.pk)
        assert support_client.get(change).status_code == 200
        assert support_client.post(change, {}).status_code == 403
        assert support_client.post(delete, {"post": "yes"}).status_code == 403
        assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", MODELS)
def test_only_support_staff_get_in(model: type[Model], owner_client: Client) -> None:
    response = owner_client.get(page_of(model))

    assert response.status_code in (302, 403)


def test_signing_in_to_the_admin_is_signing_in_everywhere(db: None, client: Client) -> None:
    response = client.get(reverse("admin:login"), follow=True)

    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))


def test_numbers_say_whether_they_are_in_service_and_are_found_by_it(
    acme: Account, support_client: Client
) -> None:
    made: dict[str, dict[str, Any]] = {
        "In service": {"enabled": True, "in_service_at": NOON},
        "Enabled, not confirmed by Twilio": {"enabled": True},
        "Goes elsewhere": {"enabled": True},
        "Disabled": {"assigned": True},
    }
    numbers = {
        said: factories.PhoneNumberFactory.create(account=acme, **facts)
        for said, facts in made.items()
    }
    told = numbers["Enabled, not confirmed by Twilio"]
    factories.CarrierTaskFactory.create(number=told, kind=TaskKind.ROUTE)
    none = [
        factories.PhoneNumberFactory.create(account=acme, excluded=gone) for gone in (True, False)
    ]
    address = reverse("admin:numbers_phonenumber_changelist")

    def shown(**query: str) -> dict[str, str]:
        page = support_client.get(address, query).content.decode()
        numbers = re.findall(r'class="field-number"><a[^>]*>([^<]*)<', page)
        return dict(zip(numbers, re.findall(r'class="field-service">([^<]*)<', page), strict=True))

    everything = {str(number): said for said, number in numbers.items()}
    assert shown() == everything | {str(number): "-" for number in none}
    for name, said in SERVICES.items():
        assert shown(service=name) == {str(numbers[said]): said}


def test_accounts_show_their_state_at_a_glance(acme: Account, support_client: Client) -> None:
    factories.PhoneNumberFactory.create_batch(12, account=acme)
    factories.PhoneNumberFactory.create(account=acme, excluded=True)
    factories.GracePeriodFactory.create(account=acme)
    factories.ConnectionFactory.create(account=acme, state=ConnectionState.SUSPENDED)

    page = support_client.get(reverse("admin:accounts_account_changelist"))

    cells = dict(re.findall(r'class="field-(\w+)[^"]*">([^<]*)<', page.content.decode()))
    assert (cells["held"], cells["licenses"], cells["over"]) == ("12", "10", "2")
    assert cells["grace"].startswith("ended Tue,\u00a0Mar\u00a03,\u00a02026")
    assert cells["subscription_state"] == "Active"
    assert cells["connection_state"] == "Suspended at Twilio"


@pytest.mark.parametrize("left", [ConnectionState.REMOVED, ConnectionState.DETACHED])
def test_a_connection_that_is_none_any_more_is_no_trouble(
    left: ConnectionState, acme: Account, support_client: Client
) -> None:
    factories.ConnectionFactory.create(account=acme, state=left)
    address = reverse("admin:accounts_account_changelist")

    def shown() -> str:
        page = support_client.get(address).content.decode()
        cells = re.findall(r'class="field-connection_state[^"]*">([^<]*)<', page)
        return str(cells[0])

    alone = shown()
    factories.ConnectionFactory.create(account=acme)

    assert (alone, shown()) == ("none", "Working")
    start = support_client.get(reverse("admin:index")).content.decode()
    assert re.search(r'<li class="quiet"><a [^>]*>Connections that do not work</a> <b>0</b>', start)
    assert not support_client.get(address, {"connection": "trouble"}).context["cl"].result_list


def test_an_account_leads_to_its_three_views(acme: Account, support_client: Client) -> None:
    held = factories.PhoneNumberFactory.create(account=acme)
    assigned = factories.PhoneNumberFactory.create(account=acme, assigned=True)
    factories.PhoneNumberFactory.create()

    page = support_client.get(reverse("admin:accounts_account_change", args=[acme.pk]))
    links = dict(page.context["links"])

    def numbers(label: str) -> set[PhoneNumber]:
        return set(support_client.get(links[label]).context["cl"].result_list)

    assert numbers("Numbers") == {held, assigned}
    assert numbers("Unassigned") == {held}
    assert "Manage Licenses" in [act["label"] for act in page.context["acts"]]


@pytest.mark.parametrize(
    "term", ["(415) 555-0123", "5550123", "+1 415 555 0123", "0123", "main line", "PN" + "a" * 32]
)
def test_numbers_are_found_by_any_digits_by_name_and_by_sid(
    term: str, acme: Account, support_client: Client
) -> None:
    wanted = factories.PhoneNumberFactory.create(
        account=acme, e164="+14155550123", label="Main line", sid="PN" + "a" * 32
    )
    factories.PhoneNumberFactory.create(account=acme, e164="+12065559999")

    page = support_client.get(reverse("admin:numbers_phonenumber_changelist"), {"q": term})

    assert list(page.context["cl"].result_list) == [wanted]


@pytest.mark.parametrize("term", ["acme", "+14155550123", "AC" + "b" * 32, "owner@example.com"])
def test_accounts_are_found_by_name_member_number_and_sid(
    term: str, acme: Account, owner: User, stranger: User, support_client: Client
) -> None:
    connection = factories.ConnectionFactory.create(account=acme, sid="AC" + "b" * 32)
    factories.PhoneNumberFactory.create(account=acme, connection=connection, e164="+14155550123")

    page = support_client.get(reverse("admin:accounts_account_changelist"), {"q": term})

    assert list(page.context["cl"].result_list) == [acme]


@pytest.mark.parametrize("term", ["+14155550123", "req_abc", "ada@example.com", "acme"])
def test_events_are_found_by_subject_request_actor_and_account(
    term: str, acme: Account, support_client: Client
) -> None:
    wanted = factories.EventFactory.create(
        account=acme,
        subject_label="+14155550123",
        request_id="req_abc",
        actor_label="ada@example.com",
    )
    factories.EventFactory.create()

    page = support_client.get(reverse("admin:accounts_event_changelist"), {"q": term})

    assert list(page.context["cl"].result_list) == [wanted]


@pytest.mark.parametrize("secret", ["token-of-twilio", "hash-of-a-key", "hash-of-a-link"])
def test_no_page_shows_a_secret(secret: str, acme: Account, support_client: Client) -> None:
    connection = factories.ConnectionFactory.create(account=acme, auth_token="token-of-twilio")
    key = factories.ApiKeyFactory.create(account=acme, secret_hash="hash-of-a-key")
    invitation = factories.InvitationFactory.create(account=acme, token_hash="hash-of-a-link")

    for row in (connection, key, invitation):
        for url in (page_of(type(row)), page_of(type(row), "change", row.pk)):
            assert secret not in support_client.get(url).content.decode()


def test_a_list_counts_no_further_than_anyone_pages(
    acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.PhoneNumberFactory.create_batch(7, account=acme)
    monkeypatch.setattr(CappedPaginator, "MOST", 5)

    assert CappedPaginator(PhoneNumber.objects.order_by("pk"), 2).count == 5


def test_packages_cannot_be_edited_behind_our_back() -> None:
    assert all(isinstance(page, SupportAdmin) for page in admin.site._registry.values())
    assert not {"account", "mfa", "auth"} & {model._meta.app_label for model in MODELS}


def test_the_front_page_leads_to_what_waits_for_support(
    acme: Account, support_client: Client
) -> None:
    page = support_client.get(reverse("admin:index")).content.decode()

    leads = re.findall(r'<li(?: class="quiet")?><a href="(/admin/[^"]+)">', page)
    assert len(leads) == 10
    for lead in leads:
        assert support_client.get(lead).status_code == 200  # a wrong filter would redirect


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        ("accounts_user", "password__startswith"),
        ("accounts_user", "password"),
        ("accounts_apikey", "secret_hash__startswith"),
        ("accounts_invitation", "token_hash__startswith"),
        ("accounts_job", "lease__startswith"),
        ("numbers_connection", "auth_token__startswith"),
        ("numbers_phonenumber", "connection__auth_token__startswith"),
    ],
)
def test_what_no_page_shows_cannot_be_guessed_by_filtering(
    support_client: Client, model: str, lookup: str
) -> None:
    page = reverse(f"admin:{model}_changelist")

    assert support_client.get(page, {lookup: "a"}).status_code == 400


def test_a_filter_that_no_database_takes_is_refused(support_client: Client) -> None:
    page = reverse("admin:numbers_phonenumber_changelist")

    assert support_client.get(page, {"e164__exact": "+1\0"}).status_code == 400


@pytest.mark.parametrize("year", ["0", "-0", "-1", "10000", "99999999", "9" * 400, "x"])
@pytest.mark.parametrize("lookup", ["year", "year__gte", "year__lt"])
def test_a_year_that_no_calendar_has_is_refused(
    support_client: Client, acme: Account, year: str, lookup: str
) -> None:
    page = reverse("admin:telephony_agent_changelist")

    response = support_client.get(page, {f"created_at__{lookup}": year})

    assert response.status_code in (200, 302, 400)


@pytest.mark.parametrize("field", ["numbers", "name", "id", "no such", "%00"])
@pytest.mark.parametrize("page", ["changelist", "change", "delete", "add"])
def test_a_row_is_reached_by_its_key_alone(support_client: Client, page: str, field: str) -> None:
    agent = factories.AgentFactory.create()
    args = [agent.pk] if page in ("change", "delete") else []
    address = reverse(f"admin:telephony_agent_{page}", args=args)

    assert support_client.get(f"{address}?_to_field={field}").status_code in (400, 403)


def test_a_row_is_found_although_its_address_names_no_field(
    support_client: Client, acme: Account
) -> None:
    page = reverse("admin:accounts_account_change", args=[acme.pk])

    assert support_client.get(f"{page}?_to_field=").status_code == 200


@pytest.mark.parametrize(("days", "said"), [(89, False), (91, True)])
def test_a_job_whose_items_were_removed_says_so(
    acme: Account, support_client: Client, days: int, said: bool
) -> None:
    ended = timezone.now() - timedelta(days=days)
    job = factories.JobFactory.create(account=acme, kind="bulk", finished=True, finished_at=ended)

    page = support_client.get(page_of(Job, "change", job.pk)).content.decode()

    assert ("Results (removed 90 days after it ended)" in page) == said


@pytest.mark.parametrize("model", MODELS)
def test_a_search_for_more_than_fits_anywhere_finds_nothing(
    model: type[Model], acme: Account, support_client: Client
) -> None:
    answer = support_client.get(page_of(model), {"q": "tel:" * 2_000})

    assert answer.status_code == 200


def counted(client: Client, label: str) -> str:
    """What the first page says waits behind an entry."""
    page = client.get(reverse("admin:index")).content.decode()
    found = re.search(rf">{label}</a>(?: <b>([^<]*)</b>)?", page)
    assert found, label
    return found[1] or ""


def rows_behind(client: Client, label: str) -> int:
    link = SUPPORT_LINKS[label]
    page: Any = client.get(f"{reverse(link.page)}?{link.query}")
    return len(page.context_data["cl"].result_list)


@pytest.mark.usefixtures("noon")
def test_failed_jobs_are_counted_until_somebody_has_tried_again(
    acme: Account, support_client: Client
) -> None:
    def failed(days: int = 0, **facts: Any) -> Job:
        finished_at = NOON - timedelta(days=days)
        job: Job = factories.JobFactory.create(
            account=acme, state=JobState.FAILED, finished_at=finished_at, **facts
        )
        return job

    failed(title="stands")
    failed(days=8, title="long ago")
    again = failed(title="tried again")
    factories.JobFactory.create(account=acme, retry_of=again)
    made_up = {"account": acme, "kind": "import", "title": "Import from Main"}
    factories.JobFactory.create(**made_up, state=JobState.FAILED, finished_at=NOON)
    factories.JobFactory.create(**made_up, state=JobState.DONE, finished_at=NOON)
    factories.JobFactory.create(
        account=acme, state=JobState.DONE, result={"failed": 1}, finished_at=NOON
    )

    assert counted(support_client, "Failed jobs") == "1"
    assert rows_behind(support_client, "Failed jobs") == 1


@pytest.mark.usefixtures("noon")
def test_refused_payments_are_counted_until_the_account_has_paid(
    acme: Account, support_client: Client
) -> None:
    def attempt(account: Account, state: str, days: int = 0) -> None:
        factories.PaymentAttemptFactory.create(
            account=account, state=state, settled_at=NOON - timedelta(days=days)
        )

    attempt(acme, "refused")
    attempt(acme, "refused", days=8)
    paid = factories.subscribed(slug="paid")
    attempt(paid, "refused")
    attempt(paid, "accepted")

    assert counted(support_client, "Refused payments") == "1"
    assert rows_behind(support_client, "Refused payments") == 1


def test_every_list_that_may_need_somebody_says_how_much_is_there(support_client: Client) -> None:
    assert [label for label in SUPPORT_LINKS if not counted(support_client, label)] == []


@pytest.mark.parametrize("table", ["accounts_job", "licensing_paymentattempt"])
def test_what_is_counted_is_found_by_an_index(acme: Account, table: str) -> None:
    rows: QuerySet[Any]
    if table == "accounts_job":
        done = {"account": acme, "state": JobState.DONE, "finished_at": NOON}
        Job.objects.bulk_create(factories.JobFactory.build_batch(2_000, **done))
        rows, index = Job.objects.for_support(NOON), "job_failed"
    else:
        paid = {"account": acme, "state": "accepted", "settled_at": NOON}
        PaymentAttempt.objects.bulk_create(
            factories.PaymentAttemptFactory.build_batch(2_000, **paid, next_ask_at=NOON)
        )
        rows, index = PaymentAttempt.objects.refused_since(NOON), "payment_attempt_refused"
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")  # a planner decides by what it knows

    assert index in rows[:101].explain()


SID = "PN0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("typed", [SID, SID.upper(), SID.lower(), SID[:12], SID[:9].lower()])
def test_a_sid_is_found_in_any_case_and_by_its_beginning(
    acme: Account, owner_client: Client, support_client: Client, typed: str
) -> None:
    theirs = factories.ConnectionFactory.create(account=acme, sid=f"AC{SID[2:]}")
    number = factories.PhoneNumberFactory.create(account=acme, connection=theirs, sid=SID)
    factories.PhoneNumberFactory.create()
    of_account = f"{'ac' if typed.islower() else 'AC'}{typed[2:]}"

    def found(model: type[Model], term: str) -> list[Any]:
        page: Any = support_client.get(page_of(model), {"q": term})
        return list(page.context_data["cl"].result_list)

    assert found(PhoneNumber, typed) == found(PhoneNumber, of_account) == [number]
    assert found(Account, typed) == found(Account, of_account) == [acme]
    listed = owner_client.get("/a/acme/numbers/", {"q": typed, "tab": "all"})
    assert f'numbers/{number.pk}/"' in listed.content.decode()


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("numbers_phonenumber?assigned=no", "Unassigned: phone numbers"),
        ("numbers_phonenumber", "Numbers: phone numbers"),
        ("accounts_account", "Manage Licenses: accounts"),
        ("accounts_account?grace=open", "Accounts in grace"),
        ("accounts_user", "Users"),
        ("accounts_user?is_staff__exact=1", "Users"),
    ],
)
def test_a_list_says_where_one_is(support_client: Client, address: str, title: str) -> None:
    model, _, query = address.partition("?")
    page = support_client.get(f"{reverse(f'admin:{model}_changelist')}?{query}").content.decode()

    assert f"<h1>{title}</h1>" in page
    assert f"<title>{title} ·" in page
    assert "to view" not in page


def test_lists_speak_as_the_pages_do(acme: Account, support_client: Client) -> None:
    """Prices with their currency, and held numbers as their tabs call them."""
    factories.ChargeFactory.create(account=acme)
    factories.PaymentAttemptFactory.create(account=acme)
    factories.PhoneNumberFactory.create(account=acme)
    factories.PhoneNumberFactory.create(account=acme, assigned=True)
    factories.PhoneNumberFactory.create(account=acme, keep_decided_at=NOON)
    factories.PhoneNumberFactory.create(account=acme, excluded=True)

    def cells(model: str, name: str) -> list[str]:
        page = support_client.get(reverse(f"admin:{model}_changelist")).content.decode()
        return re.findall(rf'class="field-{name}[^"]*">([^<]*)<', page)

    assert cells("licensing_subscription", "per_month") == ["$5.00"]
    assert all(text.startswith("$") for text in cells("licensing_charge", "paid"))
    assert all(text.startswith("$") for text in cells("licensing_paymentattempt", "asked_for"))
    shown = cells("numbers_phonenumber", "stands")
    assert sorted(shown) == ["Assigned", "Excluded", "Kept", "Unassigned"]
