"""docker/kubernetes/: every manifest is what a cluster accepts, and agrees with the image and the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from service.settings import Settings

FOLDER = Path(__file__).parents[2] / "docker" / "kubernetes"
KUBERNETES = "1.37"
LABELS = {"app.kubernetes.io/name": "unroll"}

Manifest = dict[str, Any]


def manifests(folder: str) -> dict[str, Manifest]:
    """What ``kubectl apply --kustomize`` would send, by kind."""
    top = FOLDER / folder
    listed = yaml.safe_load((top / "kustomization.yaml").read_text())["resources"]
    assert {*listed, "kustomization.yaml"} == {file.name for file in top.iterdir()}
    return {manifest["kind"]: manifest for name in listed for manifest in [yaml.safe_load((top / name).read_text())]}


def validate(manifest: Manifest) -> None:
    """Strictly: a misspelt field is an error."""
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def containers() -> list[Manifest]:
    return [
        *manifests("base")["Deployment"]["spec"]["template"]["spec"]["containers"],
        *manifests("kserve")["ServingRuntime"]["spec"]["containers"],
    ]


@pytest.mark.parametrize("kind", sorted(manifests("base")))
def test_every_manifest_of_the_base_is_valid_kubernetes(kind: str) -> None:
    validate(manifests("base")[kind])


def test_a_misspelt_field_would_be_found() -> None:
    manifest = manifests("base")["Deployment"]
    manifest["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(manifest)


def test_the_serving_runtime_holds_a_valid_pod() -> None:
    spec = manifests("kserve")["ServingRuntime"]["spec"]
    pod = {name: spec.pop(name) for name in ("containers", "volumes")}
    validate({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "unroll"}, "spec": pod})
    assert set(spec) == {"supportedModelFormats", "protocolVersions"}


def test_the_inference_service_speaks_v2_with_that_runtime() -> None:
    found = manifests("kserve")
    runtime, service = found["ServingRuntime"], found["InferenceService"]
    assert service["apiVersion"] == "serving.kserve.io/v1beta1"
    model = service["spec"]["predictor"]["model"]
    assert model["runtime"] == runtime["metadata"]["name"]
    assert model["protocolVersion"] in runtime["spec"]["protocolVersions"] == ["v2"]
    assert model["modelFormat"]["name"] in {known["name"] for known in runtime["spec"]["supportedModelFormats"]}


def pods() -> dict[str, Manifest]:
    """What stands in a pod's specification, wherever a manifest keeps it."""
    predictor = manifests("kserve")["InferenceService"]["spec"]["predictor"]
    serving = manifests("kserve")["ServingRuntime"]["spec"]
    own = {
        name: value for name, value in predictor.items() if not name.endswith(("model", "Replicas", "Metric", "Target"))
    }
    return {
        "base": manifests("base")["Deployment"]["spec"]["template"]["spec"],
        "kserve": {**own, "containers": serving["containers"], "volumes": serving["volumes"]},
    }


@pytest.mark.parametrize("name", ["base", "kserve"])
def test_every_pod_is_restricted_and_takes_no_variables_or_tokens_of_the_cluster(name: str) -> None:
    pod = pods()[name]
    validate({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "unroll"}, "spec": pod})
    assert pod["enableServiceLinks"] is False
    assert pod["automountServiceAccountToken"] is False
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] == 10001
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    drain = next(v["value"] for v in pod["containers"][0]["env"] if v["name"] == "UNROLL_DRAIN_SECONDS")
    assert pod["terminationGracePeriodSeconds"] >= float(drain) + 15  # 10 s for requests in flight, and room


def test_the_policy_of_kserves_pods_selects_them_by_the_label_that_kserve_gives() -> None:
    found = manifests("kserve")
    policy = found["NetworkPolicy"]
    validate(policy)
    selected = policy["spec"]["podSelector"]["matchLabels"]
    assert selected == {"serving.kserve.io/inferenceservice": found["InferenceService"]["metadata"]["name"]}
    assert {**policy["spec"], "podSelector": None} == {
        **manifests("base")["NetworkPolicy"]["spec"],
        "podSelector": None,
    }


def test_everything_selects_the_pods_of_the_deployment() -> None:
    base = manifests("base")
    deployment = base["Deployment"]["spec"]
    assert deployment["template"]["metadata"]["labels"] == LABELS
    assert deployment["selector"]["matchLabels"] == LABELS
    assert base["Service"]["spec"]["selector"] == LABELS
    assert base["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == LABELS
    assert base["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == LABELS
    assert base["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == base["Deployment"]["metadata"]["name"]


@pytest.mark.parametrize("container", containers(), ids=lambda container: container["name"])
def test_every_container_meets_the_restricted_standard(container: Manifest) -> None:
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}


@pytest.mark.parametrize("container", containers(), ids=lambda container: container["name"])
def test_every_variable_is_a_setting_and_every_secret_key_exists(container: Manifest) -> None:
    secret = manifests("base")["Secret"]["stringData"]
    for variable in container["env"]:
        assert variable["name"].removeprefix("UNROLL_").lower() in Settings.model_fields
        if "valueFrom" in variable:
            assert variable["valueFrom"]["secretKeyRef"]["key"] in secret


def test_the_committed_secret_holds_placeholders_only() -> None:
    assert manifests("base")["Secret"]["stringData"] == {
        "database-url": "postgresql+psycopg://unroll:CHANGE-ME@postgresql:5432/unroll",
        "keys.json": "",
    }
