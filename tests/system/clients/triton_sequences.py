"""Sends stateful sequences through NVIDIA's tritonclient, each request twice, and prints what came back as JSON.

Runs in the clients' own environment: `python triton_sequences.py HOST:PORT SEQUENCES`, the sequences as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

MODEL = "sine-gru"


def value(client: Any, sent: float, **options: Any) -> float:
    given = http.InferInput("sequence", [1, 1, 1], "FP64")
    given.set_data_from_numpy(np.array([[[sent]]], np.float64))
    return float(client.infer(MODEL, [given], **options).as_numpy("prediction")[0, 0])


def main(address: str, sequences: list[list[float]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with http.InferenceServerClient(address) as client:
        for number, sequence in enumerate(sequences):
            for identity in (number + 1, f"meter-{number}"):
                answers = []
                for seq, sent in enumerate(sequence):
                    options = {
                        "sequence_id": identity,
                        "sequence_start": seq == 0,
                        "sequence_end": seq == len(sequence) - 1,
                        "parameters": {"seq": seq},
                    }
                    answers.append([value(client, sent, **options) for _ in range(2)])
                found[str(identity)] = answers
        try:
            value(client, 1.0, sequence_id=999)
        except InferenceServerException as error:
            found["not begun"] = [error.status(), error.message()]
        found["extensions"] = client.get_server_metadata()["extensions"]
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]))))
