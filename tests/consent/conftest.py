"""What tests of the wall may use: three residents and two purposes, afresh."""

import pytest

from consent.world import load


@pytest.fixture
def loaded(transactional_db: None) -> None:
    del transactional_db
    load()
