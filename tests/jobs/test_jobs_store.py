"""The contract of a job store, over SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from armillary.jobs.database import Database
from armillary.jobs.sql_store import SqlJobStore
from armillary.testing.job_stores import JobStoreConformance


class SqlConformance(JobStoreConformance):
    def open(self, place, service, bell, clock):
        return SqlJobStore(Database(place), service, bell, clock)


class TestSqlite(SqlConformance):
    @pytest.fixture
    def place(self, tmp_path):
        return str(tmp_path / "jobs.sqlite")


class TestPostgresql(SqlConformance):
    @pytest.fixture
    def place(self, postgresql_address):
        return postgresql_address
