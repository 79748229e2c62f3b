"""Writes JSON schemas as kubeconform finds them: FOLDER/v1.31.0/deployment-apps-v1.json.

    schemas.py FOLDER KUBERNETES_VERSIONS CRDS.yaml...

Kubernetes' own kinds come from the package kubernetes-validate, for each of the versions, which
stand between commas. Istio's and the Gateway API's come from their CustomResourceDefinitions. None
allows a field that it does not name.
"""

import json
import sys
from importlib.resources import files
from pathlib import Path

import yaml


def kubernetes(version):
    """File names and texts of all kinds of one Kubernetes."""
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}-local-strict"
    for file in folder.iterdir():
        # They refer to each other by addresses on the internet.
        text = file.read_text().replace('"/api/_definitions.json', '"_definitions.json')
        yield file.name, text.replace('"$id"', '"$comment"')


def custom(crds):
    """File names and texts of all kinds of the custom resources in a file."""
    for crd in yaml.load_all(Path(crds).read_text(), yaml.CSafeLoader):
        spec = crd["spec"]
        kind, group = spec["names"]["kind"].lower(), spec["group"].split(".")[0]
        for version in spec["versions"]:
            schema = closed(version["schema"]["openAPIV3Schema"])
            for field in "apiVersion", "kind", "metadata":
                schema["properties"].setdefault(field, {})
            yield f"{kind}-{group}-{version['name']}.json", json.dumps(schema)


def closed(schema):
    """The schema, with unknown fields refused wherever it lists those that there are."""
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema["additionalProperties"] = False
    below = [*schema.get("properties", {}).values(), schema.get("items")]
    for part in [*below, schema.get("additionalProperties")]:
        if isinstance(part, dict):
            closed(part)
    return schema


folder, versions, *crds = sys.argv[1:]
for version in versions.split(","):
    place = Path(folder, f"v{version}")
    place.mkdir(parents=True, exist_ok=True)
    for name, text in [*kubernetes(version), *(kind for file in crds for kind in custom(file))]:
        place.joinpath(name).write_text(text)
