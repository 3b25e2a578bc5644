"""Asks a running service through boto3's SageMaker runtime and prints what came back as JSON.

Runs in the clients' own environment: `python sagemaker_boto3.py URL SEQUENCES [KEY]`, the sequences as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3
from botocore.exceptions import ClientError

MODEL = "sine-gru"


def main(url: str, sequences: list[list[float]], key: str) -> dict[str, Any]:
    runtime = boto3.client(
        "sagemaker-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106  # AWS's own signature is not looked at
        aws_session_token=key,
    )

    def ask(body: Any, name: str = MODEL, kind: str = "application/json") -> Any:
        content = body if isinstance(body, str) else json.dumps(body)
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType=kind, Body=content)
        text = answer["Body"].read().decode()
        if answer["ContentType"] == "application/jsonlines":
            return {"predictions": [json.loads(line) for line in text.splitlines()]}
        return json.loads(text)

    instances = [{"start": "2024-01-01 00:00:00", "target": values, "cat": [0]} for values in sequences]
    configuration = {
        "num_samples": 4,
        "output_types": ["mean", "quantiles", "samples"],
        "quantiles": ["0.1", "0.5", "0.9"],
        "prediction_length": 3,
    }
    inputs = [
        {"target": values, "item_id": str(place), "start": "2024-01-01T01:00:00"}
        for place, values in enumerate(sequences)
    ]
    parameters = {"prediction_length": 3, "quantile_levels": [0.1, 0.9], "freq": "1h"}
    found = {
        "deepar": ask({"instances": instances, "configuration": configuration}),
        "features": ask({"instances": [{**instances[0], "dynamic_feat": [[0.0] * (len(sequences[0]) + 2)]}]}),
        "gaps": ask({"instances": [{"target": [1.0, "NaN", 2.0, float("nan"), None, 3.0]}]}, name="auto"),
        "lines": ask("\n".join(map(json.dumps, instances)), kind="application/jsonlines"),
        "chronos": ask({"inputs": inputs, "parameters": parameters}),
    }
    for case, body, name in (("nothing", {"nothing": 1}, MODEL), ("unknown", {"instances": instances}, "nobody")):
        try:
            ask(body, name=name)
        except ClientError as error:
            response = error.response
            found[case] = [response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]]
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]), *(sys.argv[3:] or [""]))))
