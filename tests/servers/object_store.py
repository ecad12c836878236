"""An object store that speaks S3, in its own process, behind a proxy that can refuse, delay or swallow connections."""

import json
import socket
import sys
import urllib.request
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.servers.ports import reserve_port
from tests.servers.process import Server
from tests.servers.proxy import Proxy

BUCKET = "digits"


class ObjectStore(Server):
    def __init__(self, folder: Path) -> None:
        self.own_port = reserve_port()
        self.faults_file = folder / "faults.json"
        self.set_faults()
        command = [sys.executable, "-m", "tests.servers.faulty_store", str(self.own_port), str(self.faults_file)]
        super().__init__(command, log=folder / "store.log", is_ready=self.answers)

    def start(self, *, seconds: float = 120) -> None:
        super().start(seconds=seconds)
        self.proxy = Proxy(self.own_port)

    def answers(self) -> bool:
        with closing(socket.socket()) as connection:
            return connection.connect_ex(("127.0.0.1", self.own_port)) == 0

    def set_faults(self, **faults: Any) -> None:
        self.faults_file.write_text(json.dumps(faults))

    def reset(self) -> None:
        """Remove everything, and create the empty bucket."""
        self.set_faults()
        request = urllib.request.Request(f"http://127.0.0.1:{self.own_port}/moto-api/reset", method="POST")
        urllib.request.urlopen(request).read()
        self.client.create_bucket(Bucket=BUCKET)

    def publish(self) -> None:
        """Let everybody read the bucket."""
        everybody = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/*",
        }
        policy = {"Version": "2012-10-17", "Statement": [everybody]}
        self.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.proxy.port}"

    @cached_property
    def client(self) -> Any:
        """Return a client that does not go through the proxy. Creating one takes 10 ms of processor time."""
        import boto3  # here, since few tests need it

        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.own_port}",
            region_name="us-east-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )

    def names(self) -> set[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return {entry["Key"] for page in pages for entry in page.get("Contents", ())}

    def contents(self) -> dict[str, bytes]:
        """Return the content of every object by its name."""
        client = self.client
        return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in self.names()}

    @property
    def options(self) -> dict[str, Any]:
        """Return the options of ObjectStorage."""
        return {
            "bucket_name": BUCKET,
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "access_key": "key",
            "secret_key": "secret",
            "location": "media",
        }

    @property
    def environment_variables(self) -> dict[str, str]:
        """Return the settings of a process that keeps media here."""
        return {
            "MEDIA_STORAGE": "s3",
            "S3_BUCKET": BUCKET,
            "S3_ENDPOINT": self.url,
            "S3_ACCESS_KEY": "key",
            "S3_SECRET_KEY": "secret",
            "S3_PREFIX": "media",
        }
