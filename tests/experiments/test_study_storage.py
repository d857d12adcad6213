"""Studies at URLs, on `memory://`: the same table and bits as in a folder, also after a stop."""

import shutil

import pytest
from executors import Here
from interruption import assert_same_run, interrupt_in_epoch

from tenfold import InputError
from tenfold.core import mirror
from tenfold.core.places import place
from tenfold.experiments.studies import Study, study
from tenfold.training import progress

pytest.importorskip("upath")
memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem

URL = "memory://lab/study"
VARY = {"batch_size": [32, 64], "epochs": [2]}


def run(data, out=URL, vary=VARY, **options):
    return study("logistic", vary, data, seeds=1, out=out, verbose=False, **options)


@pytest.fixture(scope="module")
def made(few_file, tmp_path_factory):
    return run(few_file, tmp_path_factory.mktemp("study") / "one")


@pytest.fixture(autouse=True)
def storage():
    memory.store.clear()
    mirror._mirror.cache_clear()
    yield place(URL)
    memory.store.clear()


def test_a_stopped_study_goes_on_elsewhere_to_the_same_bits(
    made, few_file, storage, monkeypatch, tenfold_main, tmp_path
):
    with monkeypatch.context() as patch:
        patch.setattr(progress._Lines, "update", interrupt_in_epoch(2))
        with pytest.raises(KeyboardInterrupt, match=f"go on with tenfold study --resume {URL}"):
            study("logistic", VARY, few_file, seeds=1, out=URL)
    assert not list(storage.glob(".*"))
    mirror._mirror.cache_clear()  # as another process
    code, text, _ = tenfold_main("study", "--status", URL)
    assert (code, text.splitlines()[1:]) == (
        0,
        [
            "1 training, 1 waiting",
            "",
            "batch_size=32: training, epoch 1 of 2",
            "batch_size=64: waiting",
        ],
    )
    here = Here()
    result = run(few_file, executor=here)
    assert [task["folder"] for task in here.ran] == [URL, URL]
    names = ["setting", "status", "accuracy", "sd", "log_loss"]
    assert result.table[names].equals(made.table[names])
    assert sorted(result.table["run"]) == [f"{URL}/batch_size=32", f"{URL}/batch_size=64"]
    storage.fs.get(storage.path, str(tmp_path / "copy"), recursive=True)
    for setting in made.plan.settings:
        assert_same_run(made.path / setting.folder, tmp_path / "copy" / setting.folder)
    assert {p.name for p in made.path.iterdir()} == {p.name for p in storage.iterdir()}
    mirror._mirror.cache_clear()
    again = run(few_file, executor=here)
    assert len(here.ran) == 2
    assert len(again.best.test_openings()) == 1
    assert again.test.headline() == made.test.headline()
    assert URL in tenfold_main("study", "--resume", URL)[1]


def test_failures_are_stored_and_removed_when_the_setting_is_trained(
    few_file, monkeypatch, storage
):
    from tenfold.training import trainer

    def fail(*_, **__):
        raise InputError(f"{mirror.mirror_of(storage).folder}/x: no")

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "train_together", fail)
        with pytest.raises(
            InputError, match=f"2 of 2 settings failed; .*: {URL}/x: no; go on with"
        ):
            run(few_file)
    assert len(list((storage / "failures").iterdir())) == 2
    assert Study(URL).table["status"].tolist() == ["failed"] * 2
    assert run(few_file).table["status"].tolist() == ["finished"] * 2
    assert not (storage / "failures").exists()


def test_urls_that_hold_something_else_are_refused(few_file, storage):
    with pytest.raises(InputError, match=f"{URL}: not a study"):
        Study(URL)
    (storage / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=f"{URL}: exists already; give a new folder as --out"):
        run(few_file)
    pytest.importorskip("optuna")
    with pytest.raises(InputError, match="give optuna=URL of a database"):
        run(few_file, "memory://lab/other", sampler="optuna", draws=2)


def test_file_urls_are_folders(made, tmp_path):
    shutil.copytree(made.path, tmp_path / "a copy")
    assert Study(f"file://{tmp_path}/a%20copy").path == tmp_path / "a copy"


def test_an_adaptive_search_with_a_database(few_file, tmp_path, storage):
    pytest.importorskip("optuna")
    pytest.importorskip("sqlalchemy")
    options = {"draws": 1, "seeds": 1, "sampler": f"optuna=sqlite:///{tmp_path}/t.db", "out": URL}
    vary = {"learning_rate": "1e-4..1e-1", "epochs": [1]}
    result = study("logistic", vary, few_file, executor=Here(), verbose=False, **options)
    assert result.table["status"].tolist() == ["finished"]
    mirror._mirror.cache_clear()
    assert Study(URL).table["status"].tolist() == ["finished"]
    assert len(Study(URL).best.test_openings()) == 1
