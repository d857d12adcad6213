"""Leases and a study on a server of the S3 protocol."""

import pytest

from tenfold.core import mirror
from tenfold.core.places import place
from tenfold.experiments.studies import Study, study
from tenfold.scale import Leases

URL = "s3://bucket/study"
pytestmark = pytest.mark.usefixtures("endpoint")


def test_one_claimant_gets_a_lease_also_of_those_that_saw_it_free():
    folder = place("s3://bucket")
    with Leases(folder) as mine, Leases(folder) as others:
        others._files = lambda name: []  # it has looked before
        assert mine.claim("a")
        assert not others.claim("a")
        mine.release("a")
        assert others.claim("a")
        assert mine.holder("a") == Leases(folder).holder("a") != ""
    with Leases(folder, expiry=-1) as later:
        assert later.claim("a")


def test_a_study_has_the_table_of_one_in_a_folder(few_file, tmp_path):
    vary, options = {"epochs": [1, 10]}, {"seeds": 1, "verbose": False}
    study("logistic", vary, few_file, out=URL, **options)
    mirror._mirror.cache_clear()
    here = study("logistic", vary, few_file, out=tmp_path / "study", **options)
    found = study("logistic", vary, few_file, out=URL, **options)
    names = ["setting", "status", "accuracy", "log_loss"]
    assert found.table[names].equals(here.table[names])
    assert sorted(p.name for p in Study(URL).path.iterdir()) == sorted(
        p.name for p in here.path.iterdir()
    )
    assert found.test.headline() == here.test.headline()
    assert len(found.best.test_openings()) == 1
