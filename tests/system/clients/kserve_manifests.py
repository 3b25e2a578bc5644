"""Holds manifests to KServe's own types, and Kubernetes' below them: prints what those do not know, as JSON.

Runs in the clients' own environment: `python kserve_manifests.py MANIFESTS`, a list of them as JSON.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import kserve
from kubernetes import client as kubernetes

KINDS = {"InferenceService": kserve.V1beta1InferenceService, "ServingRuntime": kserve.V1alpha1ServingRuntime}
PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "datetime": str}


def unknown(expected: str, value: Any, path: str) -> Iterator[str]:
    """Paths in ``value`` that a type as OpenAPI's generator names it does not know, or knows as something else."""
    if many := re.fullmatch(r"[Ll]ist\[(.+)]", expected):
        if not isinstance(value, list):
            yield f"{path}: a list is expected"
            return
        for place, each in enumerate(value):
            yield from unknown(many[1], each, f"{path}.{place}")
    elif by_name := re.fullmatch(r"[Dd]ict[(\[]str, (.+)[)\]]", expected):
        for name, each in value.items():
            yield from unknown(by_name[1], each, f"{path}.{name}")
    elif expected in PLAIN:
        if not isinstance(value, PLAIN[expected]) or (isinstance(value, bool) and expected != "bool"):
            yield f"{path}: {expected} is expected"
    elif expected != "object":
        yield from unknown_in(getattr(kserve, expected, None) or getattr(kubernetes, expected), value, path)


def unknown_in(kind: Any, value: Any, path: str) -> Iterator[str]:
    names = {name: attribute for attribute, name in kind.attribute_map.items()}
    for name, each in value.items():
        if name not in names:
            yield f"{path}.{name}: {kind.__name__} has no such field"
        else:
            yield from unknown(kind.openapi_types[names[name]], each, f"{path}.{name}")


if __name__ == "__main__":
    manifests = json.loads(sys.argv[1])
    found = {each["kind"]: [*unknown_in(KINDS[each["kind"]], each, "")] for each in manifests if each["kind"] in KINDS}
    print(json.dumps(found))
