"""Fine-tunes through TimeGPT's own SDK, uses what was made, deletes it, and prints what came back as JSON.

Runs in the clients' own environment: `python nixtla_finetuning.py URL SEQUENCES KEY`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from nixtla import NixtlaClient
from nixtla_frames import frame, refused, shown

STEP = np.arange(120)
# A season in which one month falls out: there is something to learn.
SERIES = {
    name: (20.0 + 6.0 * np.sin(STEP * np.pi / 6) - 15.0 * (STEP % 12 == 7) + 0.3 * noise).tolist()
    for name, noise in zip("abcd", np.random.default_rng(3).standard_normal((4, 120)), strict=True)
}


def main(url: str, key: str) -> dict[str, Any]:
    client = NixtlaClient(api_key=key, base_url=url, max_retries=1, retry_interval=1)
    df = frame(SERIES)
    made = client.finetune(df, finetune_steps=3, output_model_id="my-model")
    found: dict[str, Any] = {
        "id": made,
        # Each call is a new connection, to whichever worker takes it.
        "tuned": [shown(client.forecast(df, h=12, finetuned_model_id=made)) for _ in range(12)],
        "again": client.finetune(df, finetune_steps=3, output_model_id="my-model"),
        "models": [json.loads(each.model_dump_json()) for each in client.finetuned_models()],
        "listed": client.finetuned_models(as_df=True)["id"].tolist(),
        "model": json.loads(client.finetuned_model(made).model_dump_json()),
        "general": shown(client.forecast(df, h=12, model="series-gru")),
        "cv": shown(client.cross_validation(df, h=4, n_windows=2, finetuned_model_id=made)),
        "anomalies": shown(client.detect_anomalies(df, finetuned_model_id=made)),
        "history": shown(client.forecast(df, h=3, add_history=True, finetuned_model_id=made)),
        "made from it": client.finetune(df[df["unique_id"] == "a"], finetuned_model_id=made),
        "loss": refused(lambda: client.finetune(df, finetune_loss="mse")),
        "depth": refused(lambda: client.finetune(df, finetune_depth=3)),
    }
    found["deleted"] = [client.delete_finetuned_model(made) for _ in range(2)]
    until = time.monotonic() + 60
    while True:  # until the other worker has followed, too: neither is asked every time
        found["gone"] = [refused(lambda: client.forecast(df, h=3, finetuned_model_id=made)) for _ in range(8)]
        if not any(isinstance(each, str) for each in found["gone"]) or time.monotonic() > until:
            return found


if __name__ == "__main__":
    pd.options.mode.copy_on_write = True
    print(json.dumps(main(sys.argv[1], sys.argv[3])))
