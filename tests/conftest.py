"""The list of fixture modules; nothing else."""

pytest_plugins = ["tests.fixtures.database", "tests.fixtures.identity", "tests.support.kafka.fixtures"]
