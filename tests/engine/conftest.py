"""The engines that are asked: PostgreSQL always, Sail by its extra, Apache Spark where it is."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

# What Spark itself opens of Java 17 and newer, when its own scripts start it.
OPENED = ("lang", "lang.invoke", "net", "nio", "util")
OPENS = [f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in OPENED]
OPENS += [f"--add-opens=java.base/sun.{n}=ALL-UNNAMED" for n in ("nio.ch", "util.calendar")]
PATIENCE = 60  # seconds for a Java program to start on a busy machine


@pytest.fixture(scope="module")
def postgres() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the tests' server; nothing made through it is ever committed."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def sail() -> Iterator[str]:
    """The address of a Sail of our own, on a port that was free."""
    spark = pytest.importorskip("pysail.spark", reason="the extra stadi[scale] is not installed")
    server = spark.SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    yield f"sc://127.0.0.1:{server.listening_address[1]}"
    server.stop()


@pytest.fixture(scope="session")
def apache_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an Apache Spark of our own, where SPARK_HOME and Java are."""
    home, java = os.environ.get("SPARK_HOME", ""), shutil.which("java")
    if not java or not (Path(home) / "jars").is_dir():
        pytest.skip("Apache Spark needs Java on PATH, and SPARK_HOME with the jars of Spark 4")
    pytest.importorskip("pyspark", reason="the extra stadi[scale] is not installed")
    folder = tmp_path_factory.mktemp("spark")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": 1,
        "spark.local.dir": folder,
        "spark.sql.warehouse.dir": folder / "warehouse",
    }
    settings = [word for name, value in told.items() for word in ("--conf", f"{name}={value}")]
    program = ["-cp", f"{home}/jars/*", "org.apache.spark.deploy.SparkSubmit"]
    connect = ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    server = subprocess.Popen(
        [
            java,
            "-Xmx2g",
            *OPENS,
            *program,
            *connect,
            "--master",
            "local[1]",
            *settings,
            "spark-internal",
        ],
        cwd=folder,
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, server)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
    pytest.fail("Apache Spark did not start")
