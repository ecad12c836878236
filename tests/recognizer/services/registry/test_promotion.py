"""Tests of promotions: what the gate refuses, what overrules it, and the record of who activated what."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from recognizer.models import ModelVersion, Promotion
from recognizer.problems import Problem
from recognizer.services.registry.model_versions import register_model
from recognizer.services.registry.promotion import promote_model, store_gate
from tests.recognizer.services.registry.artifacts import copy_shipped
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db

PASSED = {"passed": True, "checks": []}
FAILED = {
    "passed": False,
    "checks": [
        {"name": "digits_right", "active": 0.99, "candidate": 0.98, "bound": -0.01, "limit": -0.002, "passed": False}
    ],
}


@pytest.fixture
def candidate(model: ModelVersion, media: object, tmp_path) -> ModelVersion:
    return register_model(copy_shipped(tmp_path / "digits-other"))


def state_of(version: ModelVersion) -> str:
    version.refresh_from_db()
    return version.state


def test_a_candidate_that_was_not_compared_is_refused(model, candidate):
    with pytest.raises(Problem, match="not been compared"):
        promote_model(candidate)
    assert (state_of(model), state_of(candidate)) == ("active", "candidate")


def test_a_candidate_that_failed_is_refused_and_the_check_is_named(model, candidate):
    store_gate(candidate, model, FAILED)
    with pytest.raises(Problem, match="digits_right"):
        promote_model(candidate)
    assert state_of(candidate) == "candidate"


def test_a_comparison_with_another_model_than_the_active_one_does_not_count(model, candidate, tmp_path):
    third = register_model(copy_shipped(tmp_path / "digits-third"))
    store_gate(candidate, model, PASSED)
    promote_model(third, reason="test")
    with pytest.raises(Problem, match="not been compared with the active model digits-third"):
        promote_model(candidate)


def test_promotions_are_recorded_with_person_and_reason_and_going_back_needs_no_gate(model, candidate, admin):
    store_gate(candidate, model, PASSED)
    promote_model(candidate, by=admin)
    promote_model(model)  # read before it was replaced
    forced, back = ModelVersion.objects.get(pk=candidate.pk), list(Promotion.objects.order_by("-at"))
    assert state_of(forced) == "retired"
    assert [(row.version, row.previous, row.by) for row in back[:2]] == [
        (model, candidate, None),
        (candidate, model, admin),
    ]


def test_the_record_outlives_the_account(model, candidate, django_user_model):
    trainer = django_user_model.objects.create_user("trainer", password="a long password")
    promote_model(candidate, by=trainer, reason="it reads our sevens")
    User.objects.filter(pk=trainer.pk).delete()
    kept = Promotion.objects.get(version=candidate)
    assert (kept.by, kept.reason) == (None, "it reads our sevens")


def test_the_command_refuses_with_a_hint_and_takes_a_reason(model, candidate):
    with pytest.raises(CommandError, match="compare_models digits-other") as raised:
        call_command("promote_model", candidate.version)
    assert raised.value.returncode == 4
    call_command("promote_model", candidate.version, "--force=a test on our own paper")
    assert state_of(candidate) == "active"
    assert Promotion.objects.get(version=candidate).reason == "a test on our own paper"


@pytest.fixture
def third(model: ModelVersion, media: object, tmp_path) -> ModelVersion:
    return register_model(copy_shipped(tmp_path / "digits-third", temperature=1.2))


@pytest.mark.django_db(transaction=True)
def test_of_two_promotions_at_once_the_second_is_held_against_the_first(model, candidate, third):
    """Both were compared with the model that is active, neither with the other one."""
    store_gate(candidate, model, PASSED)
    store_gate(third, model, PASSED)

    def promote_third() -> None:
        with pytest.raises(Problem, match="not been compared with the active model digits-other"):
            promote_model(third)

    with meanwhile(promote_third):
        promote_model(candidate)
    assert [state_of(each) for each in (model, candidate, third)] == ["retired", "active", "candidate"]


@pytest.mark.django_db(transaction=True)
def test_a_promotion_that_waited_for_another_knows_what_it_replaced(model, candidate, third):
    with meanwhile(lambda: promote_model(third, reason="it reads our sevens")):
        promote_model(candidate, reason="it reads our ones")
    assert Promotion.objects.get(version=third).previous == candidate
    assert [state_of(each) for each in (model, candidate, third)] == ["retired", "retired", "active"]


def test_a_shipped_model_needs_no_gate(model, candidate):
    ModelVersion.objects.filter(pk=candidate.pk).update(shipped=True)
    candidate.refresh_from_db()
    promote_model(candidate)
    assert state_of(candidate) == "active"
